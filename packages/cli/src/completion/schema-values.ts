import type { JsonSchema } from '@slapos/slap';
import type { CompletionWord } from './command-words.js';

/** A master or a web server that takes longer is not waited for while somebody types. */
const PATIENCE_MS = 1000;
/** Deeper documents exist; nobody types such keys. */
const MAX_DEPTH = 5;

/** Whose parameters somebody types. */
export interface TypedRelease {
  readonly softwareReleaseUrl: string;
  readonly softwareType: string | undefined;
  readonly shared: boolean;
}

/** The software types that the description of a release names. */
export async function softwareTypes({ softwareReleaseUrl }: TypedRelease): Promise<CompletionWord[]> {
  const { createSchemaReader, SoftwareReleaseSchema } = await import('@slapos/slap');
  const reader = createSchemaReader({ timeoutMs: PATIENCE_MS });
  const description = await new SoftwareReleaseSchema({ softwareReleaseUrl, reader }).getSoftwareSchema();
  const words = new Map<string, CompletionWord>();
  for (const [key, entry] of Object.entries(description?.['software-type'] ?? {})) {
    const word = entry['software-type'] ?? key;
    if (!words.has(word)) words.set(word, { word, description: entry.title ?? entry.description ?? '' });
  }
  return [...words.values()];
}

/** The keys that parameters of a release may have, as `KEY=`, and as `KEY=VALUE` the values of those that have only few. */
export async function parameterWords(release: TypedRelease): Promise<CompletionWord[]> {
  const { createSchemaReader, SoftwareReleaseSchema } = await import('@slapos/slap');
  const reader = createSchemaReader({ timeoutMs: PATIENCE_MS });
  const schema = await new SoftwareReleaseSchema({ ...release, reader }).getInstanceRequestParameterSchema();
  const words = new Map<string, CompletionWord>();
  if (schema === undefined) return [];
  for (const found of keysOf(schema, schema, '', 0)) if (!words.has(found.word)) words.set(found.word, found);
  return [...words.values()];
}

function* keysOf(schema: JsonSchema, root: JsonSchema, prefix: string, depth: number): Generator<CompletionWord> {
  if (depth > MAX_DEPTH) return;
  const here = resolved(schema, root);
  for (const [name, value] of Object.entries(asRecord(here['properties']))) {
    const property = resolved(asRecord(value), root);
    const key = `${prefix}${name}`;
    yield { word: `${key}=`, description: describe(property) };
    for (const choice of choicesOf(property)) yield { word: `${key}=${choice}`, description: '' };
    yield* keysOf(property, root, `${key}.`, depth + 1);
  }
  for (const combination of ['allOf', 'anyOf', 'oneOf']) {
    const branches = here[combination];
    if (!Array.isArray(branches)) continue;
    for (const branch of branches) yield* keysOf(asRecord(branch), root, prefix, depth + 1);
  }
}

/** References within the document are followed; others would cost another request for a key press. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return schema;
  let target: unknown = root;
  for (const part of reference.slice(2).split('/')) {
    target = asRecord(target)[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return asRecord(target);
}

function choicesOf(property: JsonSchema): string[] {
  if (Array.isArray(property['enum'])) return property['enum'].map(textOf);
  return property['type'] === 'boolean' ? ['true', 'false'] : [];
}

/** `integer, default 2: how many workers`. */
function describe(property: JsonSchema): string {
  const type = textOf(property['type'] ?? '');
  const preset = property['default'] === undefined ? '' : `default ${textOf(property['default'])}`;
  const facts = [type, preset].filter((fact) => fact !== '').join(', ');
  const meaning = textOf(property['title'] ?? property['description'] ?? '');
  return [facts, meaning].filter((text) => text !== '').join(': ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asRecord(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {};
}
