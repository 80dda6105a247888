import type { JsonSchema, ParameterProblem } from '@slapos/slap';
import type { Document, Pair } from 'yaml';
import type * as Yaml from '../output/yaml.js';
import { nearest } from '../command-line/nearest.js';
import type { FileParameters } from './parameters-file.js';

const UNEXPECTED = /^Additional properties are not allowed \((.*) (?:was|were) unexpected\)$/;
const QUOTED = /'((?:[^'\\]|\\.)*)'/g;

/** One line about what is wrong: where, what, what was expected, what to do. */
interface Explanation {
  readonly place: string;
  readonly key: string;
  readonly what: string;
  readonly advice: string;
}

/**
 * What is wrong with parameters, a line each: where it stands in the file, what was expected, what to do (spec: ux-ideas §13).
 * @param schema the parameters' schema
 * @param source the file that they were read from, if they were
 */
export async function explainProblems(
  problems: readonly ParameterProblem[],
  schema: JsonSchema,
  document: unknown,
  source: FileParameters['source'] | undefined,
): Promise<string> {
  const placeOf = await placesIn(source);
  const explanations = problems.flatMap((problem) => explain(problem, schema, document, placeOf));
  const widthOf = (field: 'place' | 'key' | 'what'): number =>
    Math.max(0, ...explanations.map((explanation) => explanation[field].length));
  const [place, key, what] = [widthOf('place'), widthOf('key'), widthOf('what')];
  return explanations
    .map((each) =>
      [...(place === 0 ? [] : [each.place.padEnd(place)]), each.key.padEnd(key), each.what.padEnd(what), each.advice]
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function explain(
  problem: ParameterProblem,
  schema: JsonSchema,
  document: unknown,
  placeOf: (keys: readonly string[], isKey: boolean) => string,
): Explanation[] {
  const keys = keysOf(problem.path);
  const unexpected = UNEXPECTED.exec(problem.message);
  if (unexpected !== null) {
    const known = Object.keys(asRecord(asRecord(schemaAt(schema, keys))['properties']));
    return [...(unexpected[1] ?? '').matchAll(QUOTED)].map(([, name = '']) => {
      const meant = nearest(name, known);
      return {
        place: placeOf([...keys, name], true),
        key: [...keys, name].join('.'),
        what: 'unknown',
        advice:
          meant === undefined ? (known.length === 0 ? '' : `known are ${known.join(', ')}`) : `did you mean ${meant}?`,
      };
    });
  }
  const expectation = expectationOf(schemaAt(schema, keys));
  const value = valueAt(document, keys);
  const isRequired = problem.message.endsWith('is a required property');
  const isAboutValue = !isRequired && expectation !== '' && value !== undefined;
  return [
    {
      place: placeOf(keys, false),
      key: keys.length === 0 ? '(all)' : keys.join('.'),
      what: isAboutValue ? `expected ${expectation}, got ${shown(value)}` : problem.message,
      advice: isAboutValue ? adviceFor(asRecord(schemaAt(schema, keys)), value) : '',
    },
  ];
}

/** `$.a[0].b` is a, 0, b. */
function keysOf(path: string): string[] {
  return [...path.slice(1).matchAll(/\.([^.[\]]+)|\[(?:'((?:[^'\\]|\\.)*)'|(\d+))\]/g)].map(
    ([, plain, quoted, index]) => plain ?? quoted ?? index ?? '',
  );
}

function schemaAt(schema: JsonSchema, keys: readonly string[]): unknown {
  let at: unknown = schema;
  for (const key of keys) {
    const record = asRecord(at);
    const properties = asRecord(record['properties']);
    at = Object.hasOwn(properties, key)
      ? properties[key]
      : /^\d+$/.test(key)
        ? record['items']
        : record['additionalProperties'];
    if (at === undefined) return undefined;
  }
  return at;
}

function expectationOf(schema: unknown): string {
  const { type, minimum, maximum, enum: choices, const: constant, pattern } = asRecord(schema);
  if (Array.isArray(choices)) return `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  if (constant !== undefined) return JSON.stringify(constant);
  const name = Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : '';
  const bound = (value: unknown): string => (typeof value === 'number' ? String(value) : '');
  const range = minimum === undefined && maximum === undefined ? '' : ` ${bound(minimum)}…${bound(maximum)}`;
  return `${name}${range}${typeof pattern === 'string' && name === 'string' ? ` like /${pattern}/` : ''}`.trim();
}

function adviceFor({ type }: Readonly<Record<string, unknown>>, value: unknown): string {
  if (typeof value === 'string' && (type === 'integer' || type === 'number') && value.trim() !== '')
    return Number.isFinite(Number(value)) ? 'remove the quotes' : '';
  if (typeof value === 'string' && type === 'boolean' && /^(?:true|false)$/i.test(value)) return 'remove the quotes';
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return 'put it in quotes';
  return '';
}

function valueAt(document: unknown, keys: readonly string[]): unknown {
  let at = document;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return typeof value === 'string' ? `${text} (text)` : text;
}

/** Finds `file:line:column` of a key or its value; JSON is YAML, too. */
async function placesIn(
  source: FileParameters['source'] | undefined,
): Promise<(keys: readonly string[], isKey: boolean) => string> {
  if (source === undefined || !['json', 'yaml'].includes(source.format)) return () => '';
  const yaml: typeof Yaml = await import('../output/yaml.js');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(source.content, { lineCounter: lines, keepSourceTokens: false });
  return (keys, isKey) => {
    const offset = offsetOf(yaml, document, keys, isKey);
    if (offset === undefined) return source.name;
    const { line, col } = lines.linePos(offset);
    return `${source.name}:${line}:${col}`;
  };
}

function offsetOf(yaml: typeof Yaml, document: Document, keys: readonly string[], isKey: boolean): number | undefined {
  let at: unknown = document.contents;
  let pair: Pair | undefined;
  for (const key of keys) {
    if (yaml.isMap(at)) {
      pair = at.items.find((item) => yaml.isScalar(item.key) && String(item.key.value) === key);
      at = pair?.value;
    } else if (yaml.isSeq(at)) {
      pair = undefined;
      at = at.items[Number(key)];
    } else return undefined;
  }
  const node = isKey && pair !== undefined ? pair.key : at;
  return yaml.isNode(node) ? node.range?.[0] : undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
