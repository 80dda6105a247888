import type { JsonSchema } from '@slapos/slap';

/** Deeper documents exist; nobody types such keys. */
const MAX_DEPTH = 5;
const COMBINATIONS = ['allOf', 'anyOf', 'oneOf'] as const;

/** A parameter as a schema describes it. */
export interface SchemaParameter {
  /** With points between for an inner one: `server.port`. */
  readonly name: string;
  /** As the schema says it; several have commas between. Empty where it does not say. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly preset: unknown;
  /** All values that it may have, where the schema lists them. */
  readonly allowed: readonly unknown[] | undefined;
  /** Bounds and form, for people: `1…64`. */
  readonly bounds: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
}

/** The parameters that a schema names, those of its combinations too; the first of each name. References within the document are followed. */
export function listSchemaParameters(schema: JsonSchema): SchemaParameter[] {
  const found = new Map<string, SchemaParameter>();
  for (const parameter of parametersOf(schema, schema, '', 0)) {
    if (!found.has(parameter.name)) found.set(parameter.name, parameter);
  }
  return [...found.values()];
}

/** A value as it is typed. */
export function textOfValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function* parametersOf(
  schema: JsonSchema,
  root: JsonSchema,
  prefix: string,
  depth: number,
): Generator<SchemaParameter> {
  if (depth > MAX_DEPTH) return;
  const here = resolved(schema, root);
  const required = Array.isArray(here['required']) ? here['required'] : [];
  for (const [key, value] of Object.entries(asRecord(here['properties']))) {
    const property = resolved(asRecord(value), root);
    const name = `${prefix}${key}`;
    yield {
      name,
      type: typeText(property['type']),
      isRequired: required.includes(key),
      preset: property['default'],
      allowed: allowedOf(property),
      bounds: boundsOf(property),
      title: optionalText(property['title']),
      description: optionalText(property['description']),
    };
    yield* parametersOf(property, root, `${name}.`, depth + 1);
  }
  for (const combination of COMBINATIONS) {
    const branches = here[combination];
    if (!Array.isArray(branches)) continue;
    for (const branch of branches) yield* parametersOf(asRecord(branch), root, prefix, depth + 1);
  }
}

/** References to other documents stay what they are: each would cost another request. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return schema;
  let target: unknown = root;
  for (const part of reference.slice(2).split('/')) {
    target = asRecord(target)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return asRecord(target);
}

function typeText(type: unknown): string {
  return Array.isArray(type) ? type.map(textOfValue).join(', ') : (optionalText(type) ?? '');
}

function allowedOf(property: JsonSchema): readonly unknown[] | undefined {
  if (Array.isArray(property['enum'])) return property['enum'] as readonly unknown[];
  if (property['const'] !== undefined) return [property['const']];
  return property['type'] === 'boolean' ? [true, false] : undefined;
}

function boundsOf(property: JsonSchema): string {
  const { minimum, maximum, pattern, format } = property;
  const isBounded = typeof minimum === 'number' || typeof maximum === 'number';
  const range = isBounded ? `${textOfBound(minimum)}…${textOfBound(maximum)}` : '';
  return [range, optionalText(format) ?? '', optionalText(pattern) ?? ''].filter((text) => text !== '').join(' ');
}

function textOfBound(bound: unknown): string {
  return typeof bound === 'number' ? String(bound) : '';
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asRecord(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {};
}
