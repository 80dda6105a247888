import { isRecord } from '../parts/texts.js';

/** A JSON schema, as far as a form looks at it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A field of a form: how one property is asked for. */
export interface SchemaField {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly kind: 'text' | 'long-text' | 'number' | 'choice' | 'lines' | 'group' | 'json';
  /** What is taken when nothing is said, as JSON or text; `undefined` when the schema does not tell. */
  readonly fallback: string | undefined;
  /** For choices. */
  readonly choices: readonly unknown[];
  /** For groups. */
  readonly fields: readonly SchemaField[];
  /** For texts and numbers, as attributes of HTML name them. */
  readonly limits: {
    readonly pattern?: string;
    readonly minLength?: number;
    readonly maxLength?: number;
    readonly min?: number;
    readonly max?: number;
    readonly step?: number | 'any';
  };
}

const MAX_DEPTH = 4;

/**
 * The fields of an object. What a form cannot ask for (choices between shapes, objects with any names) is a field for JSON;
 * the check of the master knows the whole schema.
 */
export function fieldsOf(schema: Schema, root: Schema = schema, depth = 0): SchemaField[] {
  const { properties, required } = merged(schema, root);
  return Object.entries(properties).map(([name, property]) =>
    fieldOf(name, resolved(property, root), required.has(name), root, depth),
  );
}

function fieldOf(name: string, schema: Schema, isRequired: boolean, root: Schema, depth: number): SchemaField {
  const { title, description, default: fallback } = schema;
  const kind = kindOf(schema, root, depth);
  return {
    name,
    title: typeof title === 'string' && title !== '' ? title : name,
    description: typeof description === 'string' ? description : '',
    isRequired,
    kind,
    fallback: fallback === undefined ? undefined : typeof fallback === 'string' ? fallback : JSON.stringify(fallback),
    choices: choicesOf(schema),
    fields: kind === 'group' ? fieldsOf(schema, root, depth + 1) : [],
    limits: limitsOf(schema),
  };
}

function kindOf(schema: Schema, root: Schema, depth: number): SchemaField['kind'] {
  if (choicesOf(schema).length > 0) return 'choice';
  if ('oneOf' in schema || 'anyOf' in schema) return 'json';
  switch (schema['type']) {
    case 'string':
      return schema['textarea'] === true || schema['format'] === 'textarea' ? 'long-text' : 'text';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return isRecord(schema['items']) && resolved(schema['items'], root)['type'] === 'string' ? 'lines' : 'json';
    case 'object':
      return depth < MAX_DEPTH && Object.keys(merged(schema, root).properties).length > 0 ? 'group' : 'json';
    default:
      return 'json';
  }
}

function choicesOf({ enum: choices, const: constant, type }: Schema): readonly unknown[] {
  if (Array.isArray(choices)) return choices;
  if (constant !== undefined) return [constant];
  return type === 'boolean' ? [true, false] : [];
}

function limitsOf(schema: Schema): SchemaField['limits'] {
  const number = (key: string, name: string) => (typeof schema[key] === 'number' ? { [name]: schema[key] } : {});
  const { type, pattern } = schema;
  if (type === 'string') {
    return {
      // A pattern of a schema may match anywhere, one of HTML the whole.
      ...(typeof pattern === 'string' ? { pattern: `(?:.*(?:${pattern}).*)` } : {}),
      ...number('minLength', 'minLength'),
      ...number('maxLength', 'maxLength'),
    };
  }
  return { ...number('minimum', 'min'), ...number('maximum', 'max'), step: type === 'integer' ? 1 : 'any' };
}

/** The properties of an object, with those of all parts that always apply. */
function merged(
  schema: Schema,
  root: Schema,
  depth = 0,
): { properties: Record<string, unknown>; required: Set<string> } {
  const properties: Record<string, unknown> = {};
  const required = new Set<string>();
  const parts = Array.isArray(schema['allOf']) && depth < MAX_DEPTH ? (schema['allOf'] as unknown[]) : [];
  for (const part of parts) {
    const inner = merged(resolved(part, root), root, depth + 1);
    Object.assign(properties, inner.properties);
    for (const name of inner.required) required.add(name);
  }
  if (isRecord(schema['properties'])) Object.assign(properties, schema['properties']);
  if (Array.isArray(schema['required'])) for (const name of schema['required']) required.add(String(name));
  return { properties, required };
}

/** What a `$ref` within the same document leads to; one that leads elsewhere is left to the check. */
function resolved(schema: unknown, root: Schema, depth = 0): Schema {
  if (!isRecord(schema)) return {};
  const { $ref: reference } = schema;
  if (typeof reference !== 'string' || !reference.startsWith('#/') || depth > MAX_DEPTH) return schema;
  let target: unknown = root;
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = isRecord(target) && Object.hasOwn(target, key) ? target[key] : undefined;
  }
  const { $ref: _reference, ...beside } = schema;
  return { ...resolved(target, root, depth + 1), ...beside };
}
