import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';
import { computerDocument, marshal, SLAP_ERROR_CODES, softwareInstanceDocument } from '../src/index.js';
import { startRecordedMaster } from './recorded-master.js';

const PACKAGE = path.resolve(import.meta.dirname, '..');
const softwareReleaseUrl = 'https://sr.example/web/software.cfg';
const instance = {
  softwareReleaseUrl,
  softwareType: 'default',
  instanceTitle: 'my web',
  rootInstanceTitle: 'my web',
  parameters: { port: 8080 },
  connectionParameters: {},
  ipList: [],
};

const answer = (body: string) => ({ request: { method: '', path: '' }, response: { status: 200, body } });

describe('the examples of the README', () => {
  let examples: Record<string, (...args: unknown[]) => unknown> = {};
  let directory = '';
  beforeAll(async () => {
    examples = Object.assign({}, ...(await importReadmeExamples(PACKAGE))) as typeof examples;
    directory = await mkdtemp(path.join(os.tmpdir(), 'slap-readme-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('request an instance', async () => {
    const document = softwareInstanceDocument({
      ...instance,
      computerId: 'COMP-1234',
      partitionId: 'slappart0',
      instance: { instanceGuid: 'COMP-1234-slappart0', requestedState: 'started', connectionXml: null },
    });
    await using master = await startRecordedMaster([answer('Supplied'), answer(marshal(document))]);
    expect(await examples['requestWeb']!(master.url)).toBe('slappart0 is started');
    expect(master.seen.map(({ path }) => path)).toEqual(['/supplySupply', '/requestComputerPartition']);
    await using busy = await startRecordedMaster([answer(''), { ...answer(''), response: { status: 408 } }]);
    expect(await examples['requestWeb']!(busy.url)).toMatch(/still making it/);
  });

  test('be a node', async () => {
    const computerId = 'COMP-1234';
    const document = computerDocument({
      computerId,
      softwareReleases: [{ softwareReleaseUrl, computerId, requestedState: 'available' }],
      partitions: [
        { computerId, partitionId: 'slappart0', instance },
        { computerId, partitionId: 'slappart1' },
      ],
    });
    await using master = await startRecordedMaster([answer(marshal(document)), answer(''), answer(''), answer('')]);
    expect(await examples['reportEverythingStarted']!(master.url, computerId)).toEqual([
      `slappart0: ${softwareReleaseUrl}`,
    ]);
    expect(master.seen.map(({ path }) => path)).toEqual([
      '/getFullComputerInformation?computer_id=COMP-1234',
      '/availableSoftwareRelease',
      '/startedComputerPartition',
      '/setComputerPartitionConnectionXml',
    ]);
  });

  test('list instances', async () => {
    const list = '{"result_list": [{"title": "my web", "instance_guid": "g", "state": "started"}]}';
    await using master = await startRecordedMaster([answer('{"hateoas_url": "http://m/"}'), answer(list)]);
    expect(await examples['listInstances']!(master.url, 'COMP-1234')).toEqual(['my web (started)']);
  });

  test('check parameters', async () => {
    const url = path.join(directory, 'software.cfg');
    const description = { serialisation: 'json-in-xml', 'software-type': { default: { request: 'input.json' } } };
    const input = {
      type: 'object',
      properties: { port: { type: 'integer', default: 8080 }, name: { type: 'string' } },
    };
    await writeFile(`${url}.json`, JSON.stringify(description));
    await writeFile(path.join(directory, 'input.json'), JSON.stringify(input));
    expect(await examples['checkParameters']!(url, { name: 5 })).toEqual({
      problems: ["$.name: 5 is not of type 'string'"],
      sent: { _: '{\n  "name": 5,\n  "port": 8080\n}' },
      types: expect.stringContaining('export type WebParameters = {') as string,
    });
  });

  test('write and read documents', () => {
    expect(examples['documents']!()).toEqual({
      written:
        '<marshal><dictionary id="i2"><string>list</string><list id="i3"><int>1</int><none/></list><string>ratio</string><float>1.0</float></dictionary></marshal>',
      read: { a: 1 },
      parameterXml: `<?xml version='1.0' encoding='utf-8'?>\n<instance>\n  <parameter id="port">8080</parameter>\n</instance>\n`,
      parameters: new Map([['port', '8080']]),
    });
  });
});

test('the README explains every code of an error', async () => {
  const readme = await readFile(path.join(PACKAGE, 'README.md'), 'utf8');
  const explained = [...readme.matchAll(/^\| `(SLAP_[A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(explained.sort()).toEqual([...SLAP_ERROR_CODES].sort());
});
