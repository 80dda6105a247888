import ts from 'typescript';
import { describe, expect, test } from 'vitest';

import { generateSoftwareReleaseTypes, generateTypes, type JsonSchema } from './generate-types.js';
import { SoftwareReleaseSchema } from './software-release-schema.js';

/** What the compiler says of generated types together with a program that uses them. */
function compileErrors(source: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es5.d.ts'],
  };
  const host = ts.createCompilerHost(options);
  const file = ts.createSourceFile('all.ts', source, ts.ScriptTarget.ES2022);
  const original = host.getSourceFile.bind(host);
  host.getSourceFile = (name, language) => (name === 'all.ts' ? file : original(name, language));
  const program = ts.createProgram(['all.ts'], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ start = 0, messageText }) =>
        `${source.slice(0, start).split('\n').at(-1) ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

const string = { type: 'string' };
const number = { type: 'number' };
const closed = (name: string, type: JsonSchema) => ({
  type: 'object',
  properties: { [name]: type },
  required: [name],
  additionalProperties: false,
});
let deep: JsonSchema = string;
for (let level = 0; level < 100; level += 1) deep = { type: 'array', items: deep };

/** Schemas with values (as source) that their types take, and others that they refuse. */
const CASES: readonly { name: string; schema: JsonSchema; good: readonly string[]; bad: readonly string[] }[] = [
  {
    name: 'a list whose places have types, and whose end is open',
    schema: { type: 'array', prefixItems: [string, { anyOf: [string, number] }] },
    good: ["['a', 1, true]", "['a']", '[]'],
    bad: ['[1]', "['a', true]"],
  },
  {
    name: 'such a list as drafts before 2020 write it',
    schema: { items: [number] },
    good: ['[1, null]'],
    bad: ["['a']"],
  },
  {
    name: 'a list of one or another object',
    schema: { type: 'array', items: { oneOf: [closed('a', number), closed('b', string)] } },
    good: ["[{ a: 1 }, { b: '' }]"],
    bad: ['{ a: 1 }', '[{ a: 1 }, { c: 1 }]'],
  },
  {
    name: 'a list of texts of which one looks like two types',
    schema: { type: 'array', items: { const: 'a | b' } },
    good: ["['a | b']"],
    bad: ["'a | b'", "['a']"],
  },
  { name: 'a list of anything', schema: { type: 'array' }, good: ["[1, 'a']"], bad: ['1'] },
  {
    name: 'all of several: the alternatives of one are tied together',
    schema: {
      properties: { a: number },
      required: ['a'],
      allOf: [{ anyOf: [closed('b', string), closed('c', string)] }],
    },
    good: ["{ a: 1, b: '' }"],
    bad: ["{ b: '' }", '{ a: 1 }'],
  },
  { name: 'one of two types', schema: { type: ['string', 'null'] }, good: ["''", 'null'], bad: ['1'] },
  { name: 'the same type twice', schema: { type: ['integer', 'number'] }, good: ['1.5'], bad: ["'1'"] },
  { name: 'a constant', schema: { const: 3 }, good: ['3'], bad: ['4'] },
  { name: 'a list of values', schema: { enum: ['a', 1, null] }, good: ["'a'", '1', 'null'], bad: ["'b'", '2'] },
  { name: 'no value at all', schema: { enum: [] }, good: [], bad: ["'b'"] },
  { name: 'a value that is no scalar', schema: { enum: ['a', {}] }, good: ["'a'", '{}', '1'], bad: [] },
  {
    name: 'what is forbidden and what is anything',
    schema: { properties: { no: false, any: true, odd: { type: 'nonsense' } } },
    good: ['{ any: 1, odd: 2 }'],
    bad: ['{ no: 1 }'],
  },
  { name: 'a dictionary', schema: { additionalProperties: number }, good: ['{ x: 1 }'], bad: ["{ x: '' }"] },
  {
    name: 'known names beside others',
    schema: { properties: { a: string }, additionalProperties: number },
    good: ["{ a: '', x: 1 }"],
    bad: ['{ a: 1 }'],
  },
  { name: 'nothing inside', schema: { type: 'object', additionalProperties: false }, good: ['{}'], bad: ['{ a: 1 }'] },
  {
    name: 'references: escaped, of the same name, elsewhere, to nothing',
    schema: {
      type: 'object',
      properties: {
        escaped: { $ref: '#/definitions/a~1b%20c' },
        first: { $ref: '#/definitions/x' },
        second: { $ref: '#/$defs/x' },
        again: { $ref: '#/$defs/x' },
        elsewhere: { $ref: 'other.json#/x' },
        missing: { $ref: '#/definitions/toString' },
      },
      definitions: { 'a/b c': number, x: string },
      $defs: { x: number },
    },
    good: ["{ escaped: 1, first: '', second: 1, again: 1, elsewhere: 1, missing: 1 }"],
    bad: ["{ escaped: '' }", '{ first: 1 }', "{ second: '' }", "{ again: '' }"],
  },
  { name: 'a hundred levels', schema: deep, good: ['[[]]'], bad: ['[1]'] },
];

describe('generated types', () => {
  // One compiler for all: it takes its time to start.
  test('accept what the schemas accept and refuse the rest', () => {
    const lines = CASES.flatMap(({ name, schema, good, bad }, index) => [
      generateTypes(schema, `T${String(index)}`),
      ...good.map((value) => `/* ${name} */ export const _: T${String(index)} = ${value};`),
      ...bad.map(
        (value) => `// @ts-expect-error\n/* ${name}: ${value} */ export const _: T${String(index)} = ${value};`,
      ),
    ]);
    let number = 0;
    const source = lines.join('\n').replaceAll('const _:', () => `const v${String((number += 1))}:`);
    expect(compileErrors(source)).toEqual([]);
  });

  test('follow a definition that refers to itself, and cannot be tricked by names and texts', () => {
    const tree = {
      type: 'object',
      properties: {
        'odd "name"': { type: 'string', title: 'A name', description: '*/ process.exit(1) /*', default: 'x' },
        children: { type: 'array', items: { $ref: '#' } },
      },
    };
    const source = generateTypes(tree, 'Tree');
    expect(source).toContain('/** A name. * / process.exit(1) /*. Default: "x". */');
    const use = "const t: Tree = { 'odd \"name\"': 'x', children: [{ children: [] }] }; void t;";
    expect(compileErrors(`${source}\n${use}`)).toEqual([]);
    expect(() => generateTypes(tree, 'tree; evil')).toThrow(/cannot name a type/);
  });

  test('of a software type are those of its parameters and of its connection values', async () => {
    const documents: Record<string, unknown> = {
      '/r/software.cfg.json': {
        name: 'web',
        serialisation: 'json-in-xml',
        'software-type': {
          default: { title: 'Default', request: 'in.json', response: 'out.json' },
          'only-out': { title: 'Only out', response: 'out.json' },
          neither: { title: 'Neither' },
        },
      },
      '/r/in.json': closed('port', { type: 'integer', title: 'The port', default: 8080 }),
      '/r/out.json': closed('url', string),
    };
    const typesOf = (softwareType: string) =>
      generateSoftwareReleaseTypes(
        new SoftwareReleaseSchema({
          softwareReleaseUrl: '/r/software.cfg',
          softwareType,
          reader: async (url) => documents[url] ?? Promise.reject(new Error(`no ${url}`)),
        }),
        { name: 'Web' },
      );
    expect(await typesOf('default')).toBe(
      [
        '// Types of /r/software.cfg, software type "default".',
        '',
        'export type WebParameters = {',
        '  /** The port. Default: 8080. */',
        '  port: number;',
        '};',
        '',
        'export type WebConnection = {',
        '  url: string;',
        '};',
        '',
      ].join('\n'),
    );
    expect(await typesOf('only-out')).not.toContain('WebParameters');
    await expect(typesOf('neither')).rejects.toMatchObject({
      code: 'SLAP_SCHEMA_UNUSABLE',
      message: expect.stringContaining('"neither" of /r/software.cfg') as string,
    });
  });
});
