import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { RecordingLogger } from '../testing.js';
import { deserialiseParameters, serialiseParameters } from './serialisation.js';
import { SoftwareReleaseSchema } from './software-release-schema.js';

const DESCRIPTION = {
  name: 'web',
  serialisation: 'json-in-xml',
  'software-type': {
    default: { title: 'Default', request: 'input.json', response: 'output.json', index: 0 },
    old: { serialisation: 'xml', request: 'draft4.json' },
    'default-shared': { 'software-type': 'default', shared: true, request: 'shared.json' },
    broken: { request: 'broken.json' },
    schemaless: {},
  },
};
const INPUT = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['port'],
  properties: {
    port: { type: 'integer', title: 'The port', default: 8080, minimum: 1 },
    name: { type: 'string', maxLength: 3 },
    mode: { enum: ['fast', 'safe'] },
    who: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    a: { type: 'array', items: { $ref: '#/$defs/entry' } },
    remote: { $ref: 'remote.json#/definitions/name' },
  },
  $defs: {
    entry: { type: 'object', properties: { b: { type: 'string', format: 'uri' } }, description: 'An */ entry' },
  },
};

let directory = '';
let softwareReleaseUrl = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'slap-schema-'));
  softwareReleaseUrl = join(directory, 'software.cfg');
  const files: Record<string, unknown> = {
    'software.cfg.json': DESCRIPTION,
    'input.json': INPUT,
    'output.json': { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
    'remote.json': { definitions: { name: { type: 'string', pattern: '^[a-z]+$' } } },
    'shared.json': { type: 'object', required: ['host'] },
    'draft4.json': {
      $schema: 'http://json-schema.org/draft-04/schema#',
      type: 'object',
      properties: { n: { type: 'number', minimum: 3, exclusiveMinimum: true } },
    },
    'broken.json': { type: 'nonsense' },
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), JSON.stringify(content));
});
afterAll(() => rm(directory, { recursive: true }));

const schemaOf = (softwareType?: string, shared = false) =>
  new SoftwareReleaseSchema({ softwareReleaseUrl, softwareType, shared });

describe('the description of a Software Release', () => {
  test.each([undefined, '', 'RootSoftwareInstance', 'default'])('type %j is the default one', async (softwareType) => {
    expect(await schemaOf(softwareType).getInstanceRequestParameterSchemaUrl()).toBe(join(directory, 'input.json'));
  });

  test('shared instances have their own entry', async () => {
    expect(await schemaOf('default', true).getInstanceRequestParameterSchemaUrl()).toBe(join(directory, 'shared.json'));
    expect(await schemaOf('default', true).checkInstanceParameters({})).toMatchObject({
      outcome: 'invalid',
      problems: [{ path: '$', message: "'host' is a required property" }],
    });
  });

  test('serialisation: of the type, else of the release, else a warning, or an error when it must be known', async () => {
    expect(await schemaOf('old').getSerialisation()).toBe('xml');
    expect(await schemaOf().getSerialisation()).toBe('json-in-xml');
    const logger = new RecordingLogger();
    const unknown = new SoftwareReleaseSchema({ softwareReleaseUrl: join(directory, 'other.cfg'), logger });
    expect(await unknown.getSerialisation()).toBe('json-in-xml');
    expect(logger.records.some(({ level }) => level === 'warn')).toBe(true);
    await expect(unknown.getSerialisation({ strict: true })).rejects.toMatchObject({ code: 'SLAP_SCHEMA_UNUSABLE' });
  });

  test('URLs are joined like references', async () => {
    const read: string[] = [];
    const schema = new SoftwareReleaseSchema({
      softwareReleaseUrl: 'https://sr.example/a/software.cfg',
      reader: async (url) => {
        read.push(url);
        return DESCRIPTION;
      },
    });
    expect(await schema.getInstanceConnectionParameterSchemaUrl()).toBe('https://sr.example/a/output.json');
    await schema.getSoftwareTypeSchema();
    expect(read).toEqual(['https://sr.example/a/software.cfg.json']);
  });
});

describe('checking parameters', () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ['wrong type', { port: '1' }, ["$.port: '1' is not of type 'integer'"]],
    ['too long', { port: 1, name: 'toolong' }, ["$.name: 'toolong' is too long"]],
    ['missing', {}, ["$: 'port' is a required property"]],
    ['one too many', { port: 1, x: 1 }, ["$: Additional properties are not allowed ('x' was unexpected)"]],
    ['two too many', { port: 1, x: 1, y: 2 }, ["$: Additional properties are not allowed ('x', 'y' were unexpected)"]],
    ['not in the list', { port: 1, mode: 'slow' }, ["$.mode: 'slow' is not one of ['fast', 'safe']"]],
    ['too small', { port: 0 }, ['$.port: 0 is less than the minimum of 1']],
    ['deep inside', { port: 1, a: [{ b: 'x' }] }, ["$.a[0].b: 'x' is not a 'uri'"]],
    ['in another document', { port: 1, remote: 'A' }, ["$.remote: 'A' does not match '^[a-z]+$'"]],
    [
      'several',
      { port: null, name: 5 },
      ["$.port: None is not of type 'integer'", "$.name: 5 is not of type 'string'"],
    ],
    ['the word $schema is dropped', { port: 1, $schema: 'x' }, []],
  ])('%s', async (_name, parameters, expected) => {
    for (const sent of [parameters, { _: JSON.stringify(parameters) }]) {
      const { problems } = await schemaOf().checkInstanceParameters(sent);
      expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
    }
  });

  test('choices show what is wrong under each', async () => {
    const { problems } = await schemaOf().checkInstanceParameters({ port: 1, who: 5 });
    expect(problems).toEqual([
      {
        path: '$.who',
        message: '5 is not valid under any of the given schemas',
        context: [
          { path: '$.who', message: "5 is not of type 'string'", context: [] },
          { path: '$.who', message: "5 is not of type 'array'", context: [] },
        ],
      },
    ]);
  });

  test('an older draft has its own meaning', async () => {
    const { problems } = await schemaOf('old').checkInstanceParameters({ n: 3 });
    expect(problems).toHaveLength(1);
  });

  test('what cannot be checked stands in nobody’s way', async () => {
    for (const type of ['broken', 'schemaless', 'unknown']) {
      expect(await schemaOf(type).checkInstanceParameters({ any: 1 })).toEqual({ outcome: 'unchecked', problems: [] });
    }
  });

  test('as an error it holds every line', async () => {
    await expect(schemaOf().validateInstanceParameters({ port: 'x', name: 5 })).rejects.toMatchObject({
      code: 'SLAP_PARAMETERS_INVALID',
      message: "$.port: 'x' is not of type 'integer'\n$.name: 5 is not of type 'string'",
    });
    await expect(schemaOf().validateInstanceParameters({ _: '{' })).rejects.toMatchObject({
      code: 'SLAP_PARAMETERS_INVALID',
    });
  });

  test('defaults are filled into a copy', async () => {
    const given = { name: 'a' };
    expect(await schemaOf().withDefaults(given)).toEqual({ name: 'a', port: 8080 });
    expect(given).toEqual({ name: 'a' });
  });
});

test('serialisation writes what the Python command writes, and reads it back', () => {
  expect(serialiseParameters({ a: 'é😀', b: [1] }, 'json-in-xml')).toEqual({
    _: '{\n  "a": "\\u00e9\\ud83d\\ude00",\n  "b": [\n    1\n  ]\n}',
  });
  expect(serialiseParameters({ _: '{}' }, 'json-in-xml')).toEqual({ _: '{}' });
  expect(serialiseParameters({ a: 1 }, 'xml')).toEqual({ a: 1 });
  expect(deserialiseParameters(serialiseParameters({ a: 'é' }, 'json-in-xml'), 'json-in-xml')).toEqual({ a: 'é' });
});
