import { SlapError } from '../errors.js';
import { isPlainObject } from '../wire/values.js';
import type { SoftwareReleaseSchema } from './software-release-schema.js';

/** A JSON schema as it was read. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * TypeScript types of the parameters and of the connection values of a software type, as the text of a module that exports
 * `NAMEParameters` and `NAMEConnection`.
 * @throws SlapError `SLAP_SCHEMA_UNUSABLE` when there is no schema that can be read.
 */
export async function generateSoftwareReleaseTypes(
  schema: SoftwareReleaseSchema,
  options: { name: string },
): Promise<string> {
  const request = await schema.getInstanceRequestParameterSchema();
  const response = await schema.getInstanceConnectionParameterSchema();
  if (request === undefined && response === undefined) {
    const text = `There is no schema for software type ${JSON.stringify(schema.softwareType)} of ${schema.softwareReleaseUrl}.`;
    throw new SlapError('SLAP_SCHEMA_UNUSABLE', text, {
      hint: 'Check that software.cfg.json lies beside the profile.',
    });
  }
  const parts = [
    `// Types of ${oneLine(schema.softwareReleaseUrl)}, software type ${JSON.stringify(schema.softwareType)}.`,
  ];
  if (request !== undefined) parts.push(generateTypes(request, `${options.name}Parameters`));
  if (response !== undefined) parts.push(generateTypes(response, `${options.name}Connection`));
  return `${parts.join('\n\n')}\n`;
}

/**
 * The TypeScript types of a JSON schema: the schema itself under `typeName`, and one type for each definition that it uses.
 * References within the schema are followed; what lies in other documents is `unknown`.
 * @throws SlapError `SLAP_INVALID_ARGUMENT` when the name is no name of a type.
 */
export function generateTypes(schema: JsonSchema, typeName: string): string {
  if (!/^[A-Z][A-Za-z0-9_]*$/.test(typeName)) {
    throw new SlapError('SLAP_INVALID_ARGUMENT', `${JSON.stringify(typeName)} cannot name a type.`, {
      hint: 'Begin with a capital letter; use letters, digits and underscores.',
    });
  }
  return new TypeGenerator(schema, typeName).generate();
}

const MAX_DEPTH = 40;
const SCALAR_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

class TypeGenerator {
  readonly #root: JsonSchema;
  readonly #rootName: string;
  readonly #names = new Map<string, string>();
  readonly #declarations: string[] = [];
  /** The texts that are unions and intersections: inside another type they stand in parentheses. */
  readonly #joined = new Set<string>();

  constructor(root: JsonSchema, rootName: string) {
    this.#root = root;
    this.#rootName = rootName;
  }

  generate(): string {
    this.#names.set('#', this.#rootName);
    const own = this.#declare(this.#rootName, this.#root);
    return [own, ...this.#declarations].join('\n\n');
  }

  #declare(name: string, schema: JsonSchema): string {
    return `${comment(schema, '')}export type ${name} = ${this.#type(schema, '', 0)};`;
  }

  #type(schema: unknown, indent: string, depth: number): string {
    if (!isPlainObject(schema) || depth > MAX_DEPTH) return schema === false ? 'never' : 'unknown';
    if (typeof schema['$ref'] === 'string') return this.#reference(schema['$ref']);
    if ('const' in schema) return literal(schema['const']);
    if (Array.isArray(schema['enum'])) return this.#union(schema['enum'].map(literal));
    const inner = (part: unknown) => this.#type(part, indent, depth + 1);
    const parts = [this.#ownType(schema, indent, depth)];
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      if (Array.isArray(schema[keyword])) parts.push(this.#union(schema[keyword].map(inner)));
    }
    if (Array.isArray(schema['allOf'])) parts.push(...schema['allOf'].map(inner));
    const known = [...new Set(parts.filter((part) => part !== 'unknown'))];
    return known.length === 0 ? 'unknown' : this.#join(known, ' & ');
  }

  #ownType(schema: JsonSchema, indent: string, depth: number): string {
    const { type } = schema;
    const types: unknown[] = Array.isArray(type) ? type : type === undefined ? impliedTypes(schema) : [type];
    return types.length === 0 ? 'unknown' : this.#union(types.map((one) => this.#oneType(one, schema, indent, depth)));
  }

  #oneType(type: unknown, schema: JsonSchema, indent: string, depth: number): string {
    if (type === 'object') return this.#object(schema, indent, depth);
    if (type === 'array') {
      const items = schema['items'];
      const tuple = Array.isArray(schema['prefixItems'])
        ? schema['prefixItems']
        : Array.isArray(items)
          ? items
          : undefined;
      if (tuple !== undefined)
        return `[${tuple.map((item) => `${this.#parenthesised(this.#type(item, indent, depth + 1))}?`).join(', ')}, ...unknown[]]`;
      return `${this.#parenthesised(this.#type(items ?? true, indent, depth + 1))}[]`;
    }
    return SCALAR_TYPES[String(type)] ?? 'unknown';
  }

  #object(schema: JsonSchema, indent: string, depth: number): string {
    const properties = isPlainObject(schema['properties']) ? schema['properties'] : {};
    const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
    const deeper = `${indent}  `;
    const lines = Object.entries(properties).map(([name, property]) => {
      const mark = required.has(name) ? '' : '?';
      const about = isPlainObject(property) ? comment(property, deeper) : '';
      return `${about}${deeper}${propertyName(name)}${mark}: ${this.#type(property, deeper, depth + 1)};\n`;
    });
    const additional = schema['additionalProperties'];
    // With known properties beside them, the type of the others must allow for those.
    const others =
      isPlainObject(additional) && lines.length === 0 ? this.#type(additional, deeper, depth + 1) : 'unknown';
    if (additional !== false) lines.push(`${deeper}[name: string]: ${others};\n`);
    return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('')}${indent}}`;
  }

  #reference(reference: string): string {
    const known = this.#names.get(reference);
    if (known !== undefined) return known;
    const target = reference.startsWith('#/') ? resolvePointer(this.#root, reference) : undefined;
    if (target === undefined) return 'unknown';
    const name = this.#freeName(reference);
    this.#names.set(reference, name); // Before its declaration: a definition may refer to itself.
    const place = this.#declarations.push('') - 1;
    this.#declarations[place] = this.#declare(name, target);
    return name;
  }

  #union(parts: readonly string[]): string {
    const distinct = [...new Set(parts)];
    if (distinct.length === 0) return 'never';
    return distinct.includes('unknown') ? 'unknown' : this.#join(distinct, ' | ');
  }

  #join(parts: readonly string[], operator: ' | ' | ' & '): string {
    const [only = ''] = parts;
    if (parts.length === 1) return only;
    const text = parts.map((part) => this.#parenthesised(part)).join(operator);
    this.#joined.add(text);
    return text;
  }

  #parenthesised(type: string): string {
    return this.#joined.has(type) ? `(${type})` : type;
  }

  #freeName(reference: string): string {
    const last = reference.split('/').at(-1) ?? '';
    const words = last.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
    const base = this.#rootName + words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
    const taken = new Set(this.#names.values());
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? base : `${base}${number}`;
      if (!taken.has(name)) return name;
    }
  }
}

function impliedTypes(schema: JsonSchema): string[] {
  if ('properties' in schema || 'additionalProperties' in schema) return ['object'];
  return 'items' in schema || 'prefixItems' in schema ? ['array'] : [];
}

function resolvePointer(root: JsonSchema, reference: string): JsonSchema | undefined {
  let current: unknown = root;
  for (const step of reference.slice(2).split('/')) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return isPlainObject(current) ? current : undefined;
}

function literal(value: unknown): string {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value) ? JSON.stringify(value) : 'unknown';
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('*/', '* /').trim();
}

function asSentence(text: string): string {
  const trimmed = text.trim();
  return trimmed.endsWith('.') ? trimmed : `${trimmed}.`;
}

/** What a schema says of itself, as a comment: text from outside, so nothing in it may end the comment. */
function comment(schema: JsonSchema, indent: string): string {
  const parts = [schema['title'], schema['description']].filter(
    (part): part is string => typeof part === 'string' && part !== '',
  );
  if (schema['default'] !== undefined) parts.push(`Default: ${JSON.stringify(schema['default'])}.`);
  const text = oneLine(parts.map((part) => asSentence(part)).join(' '));
  return text === '' ? '' : `${indent}/** ${text} */\n`;
}
