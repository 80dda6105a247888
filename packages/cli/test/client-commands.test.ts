import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createProxy, type Proxy } from '@slapos/proxy';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { messages, type Outcome, type RunOptions, runSlapos } from './support/run-slapos.js';

const COMPUTER = 'COMP-7';

let folder: string;
let proxy: Proxy;
let empty: Uint8Array;
let configuration: string;
let release: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
  release = path.join(folder, 'software.cfg');
  await writeFile(release, '');
  await writeFile(
    `${release}.json`,
    JSON.stringify({
      name: 'test',
      serialisation: 'json-in-xml',
      'software-type': {
        default: { title: 'Default', request: 'input.json', response: 'output.json', index: 0 },
        plain: { title: 'Plain', serialisation: 'xml', request: 'input.json', response: 'output.json', index: 1 },
      },
    }),
  );
  await writeFile(
    path.join(folder, 'input.json'),
    JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: { port: { type: 'integer' } },
      additionalProperties: false,
    }),
  );
  proxy = await createProxy({ computerId: COMPUTER, softwareProducts: { web: release } });
  await proxy.seed({ computers: { [COMPUTER]: { partitions: 2 } } });
  empty = await proxy.snapshot();
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  configuration = path.join(folder, 'slapos-client.cfg');
  await writeFile(configuration, `[slapos]\nmaster_url = ${url}\n\n[slapconsole]\n`);
});

afterAll(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  await proxy.restore(empty);
});

function slapos(...words: string[]): Promise<Outcome> {
  return slaposWith({}, ...words);
}

function slaposWith(options: RunOptions, ...words: string[]): Promise<Outcome> {
  return runSlapos([...words, '--cfg', configuration], options);
}

async function instanceParameters(reference: string): Promise<unknown> {
  await using client = await proxy.client();
  return (await client.registerOpenOrder().getInformation(reference)).instanceParameters;
}

describe('slapos supply and remove', () => {
  it('tell the master, and say so', async () => {
    const supplied = await slapos('supply', release, COMPUTER);
    expect(supplied).toMatchObject({ exitCode: 0, stdout: '' });
    expect(messages(supplied.stderr)).toBe(`Requesting software installation of ${release}...\nDone.\n`);
    const removed = await slapos('remove', release, COMPUTER);
    expect(removed.exitCode).toBe(0);
    expect(messages(removed.stderr)).toBe(`Requesting deletion of ${release} Software Release...\nDone.\n`);
    await using client = await proxy.client();
    const { softwareReleases } = await client.registerComputer(COMPUTER).fetchInformation();
    expect(softwareReleases).toMatchObject([{ url: release, requestedState: 'destroyed' }]);
  });

  it('find the best release of a product', async () => {
    const { exitCode, stderr } = await slapos('supply', 'product.web', COMPUTER);
    expect(exitCode).toBe(0);
    expect(messages(stderr)).toContain(
      `Getting best Software Release corresponding to this Software Product...\nFound as ${release}.\n`,
    );
  });

  it('say that a product has no release', async () => {
    const { exitCode, stderr } = await slapos('supply', 'product.none', COMPUTER);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('No Software Release corresponding to this Software Product has been found.');
  });

  it('name the arguments that are missing', async () => {
    const { exitCode, stderr } = await slapos('supply');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('slapos supply: error: the following arguments are required: software_url, node');
  });
});

describe('slapos request', () => {
  it('prints state and connection parameters, all on standard error', async () => {
    await slapos('request', 'web', release);
    await using client = await proxy.client();
    await client
      .registerComputerPartition(COMPUTER, 'slappart0')
      .setConnectionDict({ _: JSON.stringify({ url: 'http://[::1]:80/', n: 1 }) });
    const { exitCode, stdout, stderr } = await slapos('request', 'web', release);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(messages(stderr)).toBe(`Validating request parameters for web as an instance of ${release} ...
Requesting web as an instance of ${release} ...
Instance requested.
State is : started.
Connection parameters of instance are:
{'n': 1, 'url': 'http://[::1]:80/'}
You can rerun the command to get up-to-date information.
`);
  });

  it('sends a file in the form that the release wants', async () => {
    const file = path.join(folder, 'parameters.yaml');
    await writeFile(file, 'port: 8080\n');
    expect((await slapos('request', 'web', release, '--parameters-file', file)).exitCode).toBe(0);
    expect(await instanceParameters('web')).toEqual({ _: { port: 8080 } });
    const plain = await slapos('request', 'web', release, '--type', 'plain', '--parameters-file', file);
    expect(plain.exitCode).toBe(0);
    expect(await instanceParameters('web')).toEqual({ port: '8080' });
  });

  it('reads JSON from standard input, and obeys --force-serialisation', async () => {
    const words = ['request', 'web', '/nowhere/software.cfg', '--parameters-file', '-'];
    const input = JSON.stringify({ a: 'b' });
    const unknown = await slaposWith({ input }, ...words);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain('/nowhere/software.cfg.json');
    expect(unknown.stderr).toContain('--force-serialisation');
    expect((await slaposWith({ input }, ...words, '--force-serialisation', 'xml')).exitCode).toBe(0);
    expect(await instanceParameters('web')).toEqual({ a: 'b' });
  });

  it('sends an XML file as it is', async () => {
    const file = path.join(folder, 'parameters.xml');
    await writeFile(file, '<instance><parameter id="k">v</parameter></instance>');
    expect((await slapos('request', 'web', release, '--parameters-file', file)).exitCode).toBe(0);
    expect(await instanceParameters('web')).toEqual({ k: 'v' });
  });

  it('warns of parameters that the schema does not allow, and sends them', async () => {
    const { exitCode, stderr } = await slapos('request', 'web', release, '--parameters', '_={"port": "x", "no": 1}');
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`Request parameters do not validate against schema definition:
  $: Additional properties are not allowed ('no' was unexpected)
  $.port: 'x' is not of type 'integer'`);
    expect(await instanceParameters('web')).toEqual({ _: { port: 'x', no: 1 } });
  });

  it('says in the sentence that scripts know that there is no schema', async () => {
    const { stderr } = await slapos('request', 'web', 'http://127.0.0.1:1/software.cfg', '--check');
    expect(stderr).toMatch(
      /WARNING Unable to load JSON http:\/\/127\.0\.0\.1:1\/software\.cfg\.json \(Error: connect ECONNREFUSED 127\.0\.0\.1:1\)/,
    );
  });

  it.each([
    [['--parameters', 'a'], 2, /argument --parameters: expected KEY=VALUE, found "a"/],
    [['--parameters', 'a=1', 'a=2'], 1, /Multiple values provided for the same key 'a'/],
    [['--parameters', 'a=1', '--parameters-file', '/dev/null'], 2, /parameters/],
    [['--force-serialisation', 'xml'], 2, /--parameters-file/],
    [['--parameters-file', '/nowhere.json'], 2, /argument --parameters-file: can't open "\/nowhere.json"/],
    [['--parameters-file', '/dev/null'], 1, /Cannot read the parameters in \/dev\/null/],
    [['--state', 'started', 'extra'], 2, /unrecognized arguments: extra/],
  ])('refuses %j with %i', async (words, code, message) => {
    const { exitCode, stderr } = await slapos('request', 'web', release, ...words);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
  });

  it('keeps = and line ends of a value; an empty one is none in parameter XML', async () => {
    await slapos('request', 'web', release, '--parameters', 'a=b=c\nd', 'e=');
    expect(await instanceParameters('web')).toEqual({ a: 'b=c\nd', e: null });
  });

  it('says that there is no free partition', async () => {
    for (const name of ['one', 'two']) expect((await slapos('request', name, release)).exitCode).toBe(0);
    const { exitCode, stderr } = await slapos('request', 'three', release);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('No free computer partition found for: three');
  });
});

describe('slapos service', () => {
  it('list is empty at first, then sorted', async () => {
    expect(await slapos('service', 'list')).toMatchObject({ exitCode: 0, stdout: '{}\n' });
    await proxy.seed({
      instances: [
        { partitionReference: 'zoé', softwareReleaseUrl: release },
        { partitionReference: 'abc', softwareReleaseUrl: release },
      ],
    });
    expect((await slapos('service', 'list')).stdout).toBe(
      `{\n  "abc": ${JSON.stringify(release)},\n  "zo\\u00e9": ${JSON.stringify(release)}\n}\n`,
    );
  });

  it('info has its keys in order', async () => {
    await proxy.seed({
      instances: [{ partitionReference: 'web', softwareReleaseUrl: release, parameters: { port: '80' } }],
    });
    const { exitCode, stdout } = await slapos('service', 'info', 'web');
    expect(exitCode).toBe(0);
    const information = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(information)).toEqual([
      'software-url',
      'software-type',
      'shared',
      'requested-state',
      'instance-parameters',
      'connection-parameters',
      'status',
    ]);
    expect(information).toMatchObject({
      'software-url': release,
      shared: false,
      'instance-parameters': { port: '80' },
    });
  });

  it('info of what does not exist says so on standard error', async () => {
    const { exitCode, stdout, stderr } = await slapos('service', 'info', 'none');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(messages(stderr)).toBe('Instance none does not exist.\n');
  });
});

describe('slapos computer', () => {
  it('info, list and token say what a mini-master has, and what it has not', async () => {
    expect(await slapos('computer', 'info', 'COMP-1')).toMatchObject({
      exitCode: 2,
      stdout: 'Computer COMP-1 does not exist.\n',
    });
    expect(await slapos('computer', 'list')).toMatchObject({
      exitCode: 0,
      stdout: 'List of Computers:\nCOMP-7 COMP-7\n',
    });
    const token = await slapos('computer', 'token');
    expect(token.exitCode).toBe(1);
    expect(token.stderr).toContain('This master issues no computer tokens.');
  });
});

describe('a client configuration', () => {
  it.each([
    ['', "No section: 'slapos'"],
    ['[slapos]\n', "No option 'master_url'"],
    ['[slapos]\nmaster_url = https://127.0.0.1:1/\n', "No option 'key_file' and/or 'cert_file'"],
    [
      '[slapos]\nmaster_url = http://127.0.0.1:1/\nmaster_rest_url = http://127.0.0.1:1/hateoas\n',
      "Couldn't connect to the server. Please double check given master-url argument, and make sure that IPv6 is enabled on your machine and that the server is available. The original error was:\nCannot reach the master for GET http://127.0.0.1:1/hateoas",
    ],
  ])('%j: %s', async (content, message) => {
    const file = path.join(folder, 'wrong.cfg');
    await writeFile(file, content);
    const { exitCode, stderr } = await runSlapos(['service', 'list'], { env: { SLAPOS_CLIENT_CONFIGURATION: file } });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(1);
  });
});
