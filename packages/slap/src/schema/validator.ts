import type { AnySchemaObject, Options, ValidateFunction } from 'ajv';

import { SlapError } from '../errors.js';
import { isPlainObject } from '../wire/values.js';
import { fromDraft3, isDraft3 } from './draft-3.js';
import type { SchemaReader } from './schema-reader.js';

const SHARED_OPTIONS: Options = {
  allErrors: true,
  verbose: true,
  // Schemas of Software Releases carry keywords for user interfaces, and older habits.
  strict: false,
  logger: false,
  validateFormats: true,
};

/**
 * Compiles a schema of draft 3, 4, 6, 7, 2019-09 or 2020-12, as its `$schema` says (draft 7 where it says nothing); remote
 * `$ref` are read by the reader. A schema of draft 3 is compiled as the one of draft 4 that says the same.
 * @throws SlapError `SLAP_SCHEMA_UNUSABLE` when it is no valid schema.
 */
export async function compileSchema(
  schema: AnySchemaObject,
  reader: SchemaReader,
  options: { useDefaults: boolean },
): Promise<ValidateFunction> {
  try {
    if (isDraft3(schema))
      return await compileSchema(fromDraft3(schema), async (url) => modern(await reader(url)), options);
    const dialect = typeof schema.$schema === 'string' ? schema.$schema : '';
    // Only who checks parameters pays for loading ajv, which takes as long as a small command.
    const { createAjv } = await import('./ajv-dialects.js');
    const ajv = createAjv(dialect, {
      ...SHARED_OPTIONS,
      useDefaults: options.useDefaults,
      loadSchema: async (url) => (await reader(url)) as AnySchemaObject,
    });
    return await ajv.compileAsync(schema);
  } catch (cause) {
    if (cause instanceof SlapError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SlapError('SLAP_SCHEMA_UNUSABLE', `A parameter schema cannot be used: ${why}`, { cause });
  }
}

/** What a schema of draft 3 refers to is of draft 3, too, unless it says otherwise. */
function modern(document: unknown): unknown {
  if (!isPlainObject(document)) return document;
  return document['$schema'] === undefined || isDraft3(document) ? fromDraft3(document) : document;
}
