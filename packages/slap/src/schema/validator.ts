import { Ajv, type AnySchemaObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft4Module from 'ajv-draft-04';
import formatsModule from 'ajv-formats';

import { SlapError } from '../errors.js';
import { isPlainObject } from '../wire/values.js';
import { fromDraft3, isDraft3 } from './draft-3.js';
import type { SchemaReader } from './schema-reader.js';

// Both are CommonJS with a default export that Node's ESM shows one level deeper.
const Ajv4 = draft4Module.default;
const addFormats = formatsModule.default;

const SHARED_OPTIONS: Options = {
  allErrors: true,
  verbose: true,
  // Schemas of Software Releases carry keywords for user interfaces, and older habits.
  strict: false,
  logger: false,
  validateFormats: true,
};

const DRAFT_4 = 'http://json-schema.org/draft-04/';
const DRAFT_6 = 'http://json-schema.org/draft-06/';
const DRAFT_2019 = 'https://json-schema.org/draft/2019-09/';
const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/';

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
    const ajv = createAjv(dialect, {
      ...SHARED_OPTIONS,
      useDefaults: options.useDefaults,
      loadSchema: async (url) => (await reader(url)) as AnySchemaObject,
    });
    addFormats(ajv);
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

function createAjv(dialect: string, options: Options): Ajv {
  if (dialect.startsWith(DRAFT_4)) return new Ajv4(options);
  if (dialect.startsWith(DRAFT_2019)) return new Ajv2019(options);
  if (dialect.startsWith(DRAFT_2020)) return new Ajv2020(options);
  const ajv = new Ajv(options);
  // Draft 7 only adds to draft 6.
  if (dialect.startsWith(DRAFT_6))
    ajv.addMetaSchema({
      ...(ajv.getSchema('http://json-schema.org/draft-07/schema')?.schema as object),
      $id: dialect.replace(/#$/, ''),
    });
  return ajv;
}
