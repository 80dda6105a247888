import { isPlainObject } from '../wire/values.js';

const DRAFT_3 = 'http://json-schema.org/draft-03/';
const DRAFT_4_URI = 'http://json-schema.org/draft-04/schema#';
/** Keywords whose value is one schema, a list of schemas, or a dictionary of schemas. */
const SCHEMA_KEYWORDS: ReadonlySet<string> = new Set(['additionalItems', 'additionalProperties', 'items']);
const DICTIONARY_KEYWORDS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions', '$defs']);

type Schema = Readonly<Record<string, unknown>>;

/** Whether a schema says that it is of draft 3. */
export function isDraft3(schema: Schema): boolean {
  return typeof schema['$schema'] === 'string' && schema['$schema'].startsWith(DRAFT_3);
}

/** The schema of draft 4 that says what this one of draft 3 says. `$ref`s stay as they are. */
export function fromDraft3(schema: Schema): Record<string, unknown> {
  return { ...convert(schema), $schema: DRAFT_4_URI };
}

function convert(schema: Schema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const all: unknown[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (SCHEMA_KEYWORDS.has(keyword)) result[keyword] = converted(value);
    else if (DICTIONARY_KEYWORDS.has(keyword)) result[keyword] = convertedValues(value);
    else if (keyword === 'divisibleBy') result['multipleOf'] = value;
    else if (keyword === 'extends') all.push(...(Array.isArray(value) ? value : [value]).map(converted));
    else if (keyword === 'disallow') result['not'] = typed(value);
    else if (keyword === 'type') Object.assign(result, typed(value));
    else if (keyword === 'dependencies') result[keyword] = dependencies(value);
    // In draft 3 the property says it, in draft 4 the object that has the property: see below.
    else if (keyword !== 'required' || typeof value !== 'boolean') result[keyword] = value;
  }
  const required = Object.entries(isPlainObject(schema['properties']) ? schema['properties'] : {})
    .filter(([, property]) => isPlainObject(property) && property['required'] === true)
    .map(([name]) => name);
  if (required.length > 0) result['required'] = required;
  if (all.length > 0) result['allOf'] = all;
  return result;
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(converted);
  return isPlainObject(value) ? convert(value) : value;
}

function convertedValues(value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, converted(schema)]));
}

/** A type, several, or schemas among them; `any` excludes nothing. */
function typed(value: unknown): Record<string, unknown> {
  const types: unknown[] = Array.isArray(value) ? value : [value];
  if (types.includes('any')) return {};
  if (!types.some(isPlainObject)) return { type: value };
  return { anyOf: types.map((type) => (isPlainObject(type) ? convert(type) : { type })) };
}

/** A single name may stand for a list of one. */
function dependencies(value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, wanted]) => [name, typeof wanted === 'string' ? [wanted] : converted(wanted)]),
  );
}
