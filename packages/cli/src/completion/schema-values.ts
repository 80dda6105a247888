import { listSchemaParameters, type SchemaParameter, textOfValue } from '../client/schema-parameters.js';
import type { CompletionWord } from './command-words.js';

/** A master or a web server that takes longer is not waited for while somebody types. */
const PATIENCE_MS = 1000;

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
  if (schema === undefined) return [];
  return listSchemaParameters(schema).flatMap((parameter) => [
    { word: `${parameter.name}=`, description: describe(parameter) },
    ...(parameter.allowed ?? []).map((value) => ({ word: `${parameter.name}=${textOfValue(value)}`, description: '' })),
  ]);
}

/** `integer, default 2: How many workers`. */
function describe({ type, preset, title, description }: SchemaParameter): string {
  const facts = [type, preset === undefined ? '' : `default ${textOfValue(preset)}`].filter((fact) => fact !== '');
  return [facts.join(', '), title ?? description ?? ''].filter((text) => text !== '').join(': ');
}
