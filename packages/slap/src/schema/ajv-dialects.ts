import { Ajv, type Options } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft4Module from 'ajv-draft-04';
import formatsModule from 'ajv-formats';

// Both are CommonJS with a default export that Node's ESM shows one level deeper.
const Ajv4 = draft4Module.default;
const addFormats = formatsModule.default;

const DRAFT_4 = 'http://json-schema.org/draft-04/';
const DRAFT_6 = 'http://json-schema.org/draft-06/';
const DRAFT_2019 = 'https://json-schema.org/draft/2019-09/';
const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/';

/**
 * A validator for schemas of that dialect, which knows the formats.
 * @param dialect the `$schema` of the schema; draft 7 where it says nothing that is known
 */
export function createAjv(dialect: string, options: Options): Ajv {
  const ajv = ajvOf(dialect, options);
  addFormats(ajv);
  return ajv;
}

function ajvOf(dialect: string, options: Options): Ajv {
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
