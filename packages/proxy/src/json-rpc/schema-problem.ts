import { pythonRepr } from '@slapos/slap';
import type { ErrorObject } from 'ajv';

/** A value that is wrong may be very large: an error shows its beginning. */
const MAX_SHOWN_CHARACTERS = 2_000;

/** The order in which problems with one object are looked at, as in the published schemas. */
const KEYWORD_ORDER = ['required', 'additionalProperties'];

/**
 * What is wrong, in the words of the Python proxy's validator: of several problems the one that is least deep, then the first
 * (spec: proxy §8). Values are shown as Python shows them.
 */
export function schemaProblem(errors: readonly ErrorObject[]): string {
  const [first] = errors
    .filter(({ keyword }) => keyword !== 'anyOf')
    .map((error, index) => ({ error, index, depth: depthOf(error), keyword: keywordRank(error) }))
    .sort((a, b) => a.depth - b.depth || a.keyword - b.keyword || a.index - b.index);
  return first === undefined ? 'The value fits none of the schemas' : textOf(first.error, errors);
}

function depthOf({ instancePath }: ErrorObject): number {
  return instancePath.split('/').length;
}

function keywordRank({ keyword }: ErrorObject): number {
  const rank = KEYWORD_ORDER.indexOf(keyword);
  return rank === -1 ? KEYWORD_ORDER.length : rank;
}

function textOf(error: ErrorObject, errors: readonly ErrorObject[]): string {
  const { keyword, params, data, parentSchema } = error;
  const choices: unknown = parentSchema?.['enum'];
  switch (keyword) {
    case 'required':
      return `${shown(params['missingProperty'])} is a required property`;
    case 'additionalProperties':
      return additionalText(error, errors);
    case 'enum':
      return `${shown(data)} is not one of ${shown(choices)}`;
    case 'type':
      // The choices come before the type in the published schemas.
      return choices === undefined
        ? `${shown(data)} is not of type ${shown(params['type'])}`
        : `${shown(data)} is not one of ${shown(choices)}`;
    case 'const':
      return `${shown(params['allowedValue'])} was expected`;
    case 'maxLength':
      return `${shown(data)} is too long`;
    default:
      return `${shown(data)} ${error.message ?? 'is not valid'}`;
  }
}

function additionalText({ instancePath }: ErrorObject, errors: readonly ErrorObject[]): string {
  const names = errors
    .filter((other) => other.keyword === 'additionalProperties' && other.instancePath === instancePath)
    .map(({ params }) => String(params['additionalProperty']))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const verb = names.length === 1 ? 'was' : 'were';
  return `Additional properties are not allowed (${cut(names.map((name) => pythonRepr(name)).join(', '))} ${verb} unexpected)`;
}

function shown(value: unknown): string {
  return cut(pythonRepr(value));
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;
}
