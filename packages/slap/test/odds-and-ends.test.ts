import { once } from 'node:events';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  createSchemaReader,
  createSlapConsole,
  isSlapError,
  isSlapOSError,
  marshal,
  MarshalComplex,
  MarshalFloat,
  type MarshalInput,
  MarshalObject,
  MarshalTuple,
  pythonRepr,
  readInstanceInformation,
  readParameterXml,
  silentLogger,
  SlapClient,
  SlapOSError,
  toPlain,
  unmarshal,
} from '../src/index.js';
import { aComputer, aFreePartition, aPartition, RecordingLogger } from '../src/testing.js';
import { startRecordedMaster } from './recorded-master.js';

const answer = (body: string, status = 200) => ({ request: { method: '', path: '' }, response: { status, body } });

describe('the shortcuts of the console', () => {
  test('take the best release of a product', async () => {
    const list = marshal(['https://sr.example/best.cfg', 'https://sr.example/old.cfg']);
    await using master = await startRecordedMaster([answer(list), answer(''), answer(list), answer('', 408)]);
    await using client = new SlapClient({ masterUrl: master.url });
    const { supply, request } = createSlapConsole(client);
    await supply({ softwareReleaseUrl: 'product.web', computerId: 'COMP-1' });
    const result = await request({ softwareReleaseUrl: 'product.web', partitionReference: 'a' });
    expect(result.isReady).toBe(false);
    expect(master.seen[1]?.form?.[0]).toEqual(['url', 'https://sr.example/best.cfg']);
    expect(master.seen[3]?.form?.[0]).toEqual(['software_release', 'https://sr.example/best.cfg']);
  });

  test('need hateoas for information', async () => {
    await using master = await startRecordedMaster([answer('', 404)]);
    await using client = new SlapClient({ masterUrl: master.url });
    await expect(createSlapConsole(client).getInformation('a')).rejects.toMatchObject({
      code: 'SLAP_HATEOAS_UNAVAILABLE',
    });
  });
});

describe('reading schemas', () => {
  test('over http, redirects included, and what is no JSON or not there is an error', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/a.json') response.end('{"a": 1}');
      else if (request.url === '/html') response.end('<html>');
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const read = createSchemaReader();
    expect(await read(`${url}/a.json`)).toEqual({ a: 1 });
    for (const path of ['html', 'missing']) {
      await expect(read(`${url}/${path}`)).rejects.toMatchObject({ code: 'SLAP_SCHEMA_UNUSABLE' });
    }
    server.closeAllConnections();
    server.close();
  });

  test('from files, of a size that makes sense', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'slap-reader-'));
    const file = join(directory, 'a.json');
    await writeFile(file, '[]');
    const read = createSchemaReader();
    expect(await read(file)).toEqual([]);
    expect(await read(`file://${file}`)).toEqual([]);
    await truncate(file, 6 * 1024 * 1024);
    await expect(read(file)).rejects.toThrow(/longer than/);
    await rm(directory, { recursive: true });
  });
});

describe('what cannot be written', () => {
  class Own {
    readonly field = 1;
  }
  let deep: MarshalInput = 1;
  for (let level = 0; level < 600; level += 1) deep = [deep];
  test.each<[string, unknown, RegExp]>([
    ['an instance of a class', { a: [new Own()] }, /\$\.a\[0\]/],
    ['a date', new Date(), /Date/],
    ['undefined', { a: undefined }, /\$\.a/],
    ['a function', [() => 1], /function/],
    ['a list as a key', new Map([[[], 1]]), /key/],
    [
      'an object as a key',
      new Map([[new MarshalObject({ className: 'Computer', initArguments: ['a'], attributes: {} }), 1]]),
      /key/,
    ],
    ['600 levels', deep, /levels/],
    ['a control character', { a: 'x\u0001' }, /\$\.a/],
    [
      'a class off the list',
      new MarshalObject({ className: 'Supply' as 'Computer', initArguments: [], attributes: {} }),
      /Supply/,
    ],
  ])('%s is named with its place', (_name, value, message) => {
    expect(() => marshal(value as MarshalInput)).toThrow(message);
  });
});

describe('plain data and texts', () => {
  test('of every kind', () => {
    const value = new Map<MarshalInput, MarshalInput>([
      [1, new MarshalFloat(1.5)],
      [new MarshalTuple<MarshalInput>([1, 'a']), new MarshalComplex(1, 2)],
      [10n ** 20n, new Set<MarshalInput>(['x'])],
      ['t', new MarshalTuple<MarshalInput>([null])],
    ]);
    expect(toPlain(value)).toEqual({ 1: 1.5, '[1,"a"]': [1, 2], '100000000000000000000': ['x'], t: [null] });
    expect(new MarshalFloat(2).valueOf()).toBe(2);
  });

  test('a value that contains itself has no plain form', () => {
    const cyclic = unmarshal('<marshal><list id="i2"><reference id="i2"/></list></marshal>', { allowCycles: true });
    expect(() => toPlain(cyclic)).toThrow(/contains itself/);
    expect(() => pythonRepr(cyclic)).toThrow(/contains itself/);
  });

  test.each<[unknown, string]>([
    [new MarshalComplex(1, 2), '(1+2j)'],
    [new MarshalComplex(0, -1.5), '-1.5j'],
    [new MarshalComplex(-1, -2), '(-1-2j)'],
    [new Set(), 'set()'],
    [new Set([1, 'a']), "{1, 'a'}"],
    [new MarshalTuple([1]), '(1,)'],
    [new MarshalTuple([]), '()'],
    [new Map([[1, null]]), '{1: None}'],
    [new MarshalFloat(Number.NaN), 'nan'],
    [undefined, 'None'],
    [10n ** 20n, '100000000000000000000'],
  ])('%o is %s to Python', (value, expected) => {
    expect(pythonRepr(value)).toBe(expected);
  });

  test('what Python has no form for', () => {
    expect(() => pythonRepr(Symbol('x'))).toThrow(/no Python form/);
  });
});

describe('parameter XML', () => {
  test.each([
    ['', {}],
    ['<a><parameter id="x">1</parameter><parameter id="x">2</parameter></a>', { x: '1 2' }],
    ['<a><parameter id="x"/><parameter id="x">2</parameter></a>', { x: '2' }],
    ['<a><parameter id="x">1<b/>2</parameter></a>', { x: '1' }],
    ['<a><parameter id="x">1<!-- c -->2</parameter></a>', { x: '1' }],
    ['<a><parameter id="x"><![CDATA[<&>]]></parameter></a>', { x: '<&>' }],
    ['<a><parameter>1</parameter><b><parameter id="x">1</parameter></b></a>', {}],
    ['<a><parameter id="x">1<?p i?>2</parameter></a>', { x: '1' }],
  ])('%s', (xml, expected) => {
    expect(Object.fromEntries(readParameterXml(xml))).toEqual(expected);
  });

  test.each(['<a>', 'x', '<!DOCTYPE a><a/>', '<a>\ud800</a>', '<a><parameter id="x">&e;</parameter></a>'])(
    '%j is refused',
    (xml) => {
      expect(() => readParameterXml(xml)).toThrow(expect.objectContaining({ code: 'SLAP_INVALID_DOCUMENT' }));
    },
  );
});

test('the document of an instance, as the mini-master has it, and with broken JSON', () => {
  const fields = {
    url_string: 'u',
    connection_parameter_list: '<i><parameter id="a">b</parameter></i>',
    text_content: null,
  };
  expect(readInstanceInformation(fields)).toMatchObject({
    softwareReleaseUrl: 'u',
    connectionParameters: { a: 'b' },
    instanceParameters: {},
  });
  expect(readInstanceInformation({ connection_parameter_list: { a: 'b' } }).connectionParameters).toEqual({ a: 'b' });
  const broken = { text_content: '<i><parameter id="_">{</parameter></i>' };
  expect(() => readInstanceInformation(broken)).toThrow(/not JSON/);
});

test('errors are told by their brand, and loggers keep what they are told', () => {
  expect(isSlapOSError(new SlapOSError('X', 'x'))).toBe(true);
  expect(isSlapError(new SlapOSError('X', 'x'))).toBe(false);
  expect(isSlapOSError(new Error('x'))).toBe(false);
  const logger = new RecordingLogger();
  const child = logger.child({ a: 1 });
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    child[level]('said', { b: 2 });
    silentLogger.child({})[level]('unheard');
  }
  expect(logger.records.map(({ level }) => level)).toEqual(['debug', 'info', 'warn', 'error']);
  expect(logger.records[0]).toEqual({ level: 'debug', message: 'said', fields: { a: 1, b: 2 } });
});

test('the builders for tests make whole things', () => {
  expect(aPartition({ partitionId: 'p' })).toMatchObject({ instanceGuid: 'COMP-1234-p', requestedState: 'started' });
  expect(aFreePartition()).not.toHaveProperty('softwareReleaseUrl');
  expect(aComputer({ partitions: [aPartition()] }).partitions).toHaveLength(1);
});

test.each([{ certFile: '/c' }, { keyFile: '/k' }])('half a client certificate is refused: %j', (half) => {
  expect(() => new SlapClient({ masterUrl: 'https://m', ...half })).toThrow(/both/);
});

test('a file of authorities that is not there is named', async () => {
  await using client = new SlapClient({ masterUrl: 'https://127.0.0.1:1', masterCaFile: '/nowhere/ca.pem' });
  await expect(client.registerComputer('C').getStatus()).rejects.toThrow('/nowhere/ca.pem');
});
