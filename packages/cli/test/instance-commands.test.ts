import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
      'software-type': { default: { title: 'Default', request: 'input.json', response: 'output.json', index: 0 } },
    }),
  );
  await writeFile(
    path.join(folder, 'input.json'),
    JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: {
        domain: { type: 'string' },
        workers: { type: 'integer', minimum: 1, maximum: 64, default: 2 },
        server: { type: 'object', properties: { ports: { type: 'array', items: { type: 'integer' } } } },
      },
      additionalProperties: false,
    }),
  );
  await writeFile(
    path.join(folder, 'output.json'),
    JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: { url: { type: 'string' } },
    }),
  );
  proxy = await createProxy({ computerId: COMPUTER });
  await proxy.seed({ computers: { [COMPUTER]: { partitions: 2 } } });
  empty = await proxy.snapshot();
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  configuration = path.join(folder, 'slapos-client.cfg');
  await writeFile(configuration, `[slapos]\nmaster_url = ${url}\n`);
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

async function information(reference: string) {
  await using client = await proxy.client();
  return await client.registerOpenOrder().getInformation(reference);
}

async function publish(values: Readonly<Record<string, string>>): Promise<void> {
  await using client = await proxy.client();
  await client.registerComputerPartition(COMPUTER, 'slappart0').setConnectionDict(values);
}

describe('slapos request', () => {
  it.each([
    ['parameters.toml', 'domain = "example.org"\n[server]\nports = [1, 2]\n'],
    ['parameters.json5', "{ // why\n domain: 'example.org', server: { ports: [1, 2,] } }"],
    ['parameters.jsonc', '{ /* why */ "domain": "example.org", "server": { "ports": [1, 2] } }'],
    ['parameters.yml', 'domain: example.org\nserver:\n  ports: [1, 2]\n'],
  ])('reads %s', async (name, content) => {
    const file = path.join(folder, name);
    await writeFile(file, content);
    expect((await slapos('request', 'web', release, '-f', file)).exitCode).toBe(0);
    expect((await information('web')).instanceParameters).toEqual({
      _: { domain: 'example.org', server: { ports: [1, 2] } },
    });
  });

  it('reads the format that is named from standard input', async () => {
    const words = ['request', 'web', release, '-f', '-', '--parameters-format', 'yaml'];
    expect((await slaposWith({ input: 'workers: 3\n' }, ...words)).exitCode).toBe(0);
    expect((await information('web')).instanceParameters).toEqual({ _: { workers: 3 } });
  });

  it('changes single values, of the file or of what the instance has', async () => {
    const key = path.join(folder, 'key');
    await writeFile(key, 'ssh-rsa AAAA\n');
    const first = await slapos('request', 'web', release, '--set', 'workers=3', '--set-string', 'domain=01');
    expect(first.exitCode).toBe(0);
    expect((await information('web')).instanceParameters).toEqual({ _: { workers: 3, domain: '01' } });
    const second = await slapos(
      ...['request', 'web', release, '--merge', '--set-file', `domain=${key}`],
      ...['--set-json', 'server={"ports":[1]}', '--set', 'workers=4'],
    );
    expect(second.exitCode).toBe(0);
    expect((await information('web')).instanceParameters).toEqual({
      _: { workers: 4, domain: 'ssh-rsa AAAA', server: { ports: [1] } },
    });
  });

  it('says with --check what would be sent, and sends nothing', async () => {
    await slapos('request', 'web', release, '--set', 'domain=example.com');
    const { exitCode, stdout } = await slapos(...['request', 'web', release, '--set', 'domain=example.org', '--check']);
    expect(stdout).toBe(`would request web (type default, json-in-xml) on any node
  domain:  example.com → example.org
  workers: 2 (default)
parameters are valid against ${path.join(folder, 'input.json')}
`);
    expect(exitCode).toBe(0);
    expect((await information('web')).instanceParameters).toEqual({ _: { domain: 'example.com' } });
  });

  it('says where in the file something is wrong, what was expected, and what to do; --strict sends nothing', async () => {
    const file = path.join(folder, 'web.yaml');
    await writeFile(file, '# ours\ndomain: x\nworkers: "2"\nwrokers: 1\n');
    const checked = await slapos('request', 'web', release, '-f', file, '--check');
    expect(checked.exitCode).toBe(1);
    expect(checked.stderr).toMatch(
      /web\.yaml:3:10 +workers +expected integer 1…64, got "2" \(text\) +remove the quotes/,
    );
    expect(checked.stderr).toMatch(/web\.yaml:4:1 +wrokers +unknown +did you mean workers\?/);
    expect(checked.stderr).toContain(`schema: ${path.join(folder, 'input.json')} (type default)`);
    const strict = await slapos('request', 'web', release, '-f', file, '--strict');
    expect(strict.exitCode).toBe(1);
    expect(strict.stderr).toContain('The parameters do not validate, so nothing was sent.');
    await expect(information('web')).rejects.toMatchObject({ code: 'SLAP_NOT_FOUND' });
  });

  it('sends what was edited, and nothing when the editor changes nothing', async () => {
    await slapos('request', 'web', release, '--set', 'domain=example.com');
    const editor = { env: { EDITOR: "sed -i -e 's/example.com/edited.org/'" } };
    expect((await slaposWith(editor, 'request', 'web', release, '--edit')).exitCode).toBe(0);
    expect((await information('web')).instanceParameters).toEqual({ _: { domain: 'edited.org' } });
    const idle = await slaposWith({ env: { EDITOR: 'true' } }, 'request', 'web', release, '--edit');
    expect(messages(idle.stderr)).toBe('Nothing was changed, so nothing is sent.\n');
    const failing = await slaposWith({ env: { EDITOR: 'false' } }, 'request', 'web', release, '--edit');
    expect(failing.exitCode).toBe(1);
    expect(failing.stderr).toContain('The editor "false" ended with 1; nothing is sent.');
  });

  it.each([
    [['--set', 'a'], 2, /argument --set: expected KEY=VALUE, found "a"/],
    [['--set-json', 'a={'], 1, /--set-json a=\{: the value is not JSON/],
    [['--set-file', 'a=/nowhere'], 1, /--set-file a=\/nowhere: cannot read the file/],
    [['--set', 'a=1', '--set', 'a.b=2'], 1, /cannot set a value in "a": it is 1, which holds no keys/],
    [['--set', 'a=1', '--parameters', 'b=2'], 2, /parameters/],
    [['--wait', '--timeout', 'soon'], 2, /argument --timeout: expected a duration, found "soon"/],
  ])('refuses %j with %i', async (words, code, message) => {
    const { exitCode, stderr } = await slapos('request', 'web', release, ...words);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
  });

  it('waits until something is published, or a certain value is', async () => {
    const waiting = slapos('request', 'web', release, '--wait', '--timeout', '1m', '--interval', '50ms');
    await expect.poll(() => information('web').catch(() => undefined), { timeout: 60_000 }).toBeDefined();
    await publish({ _: JSON.stringify({ url: 'http://[::1]/' }) });
    const { exitCode, stderr } = await waiting;
    expect(stderr).toContain("{'url': 'http://[::1]/'}");
    expect(exitCode).toBe(0);
    expect((await slapos('request', 'web', release, '--wait-for', 'url')).exitCode).toBe(0);
    const inVain = await slapos(...['request', 'web', release, '--wait-for', 'other', '--timeout', '1s']);
    expect(inVain.exitCode).toBe(124);
    expect(inVain.stderr).toMatch(/Waited 1 s for web to publish other, in vain: started on COMP-7\/slappart0\./);
  });

  it('gives a document with --json, of failures too', async () => {
    await slapos('request', 'web', release);
    await publish({ _: JSON.stringify({ url: 'u' }) });
    const { stdout } = await slapos('request', 'web', release, '--json');
    expect(JSON.parse(stdout)).toEqual({
      apiVersion: 'slapos.cli/1',
      kind: 'Instance',
      reference: 'web',
      softwareUrl: release,
      softwareType: 'default',
      shared: false,
      state: 'started',
      ready: true,
      computer: COMPUTER,
      partition: 'slappart0',
      connection: { url: 'u' },
    });
    const failed = await slapos('request', 'web', release, '--set', 'a', '--json');
    expect(JSON.parse(failed.stdout)).toMatchObject({ kind: 'Error', exitCode: 2 });
  });
});

describe.each([
  ['stop', 'start', 'destroy'],
  ['service stop', 'service start', 'service destroy'],
])('slapos %s, %s, %s', (stop, start, destroy) => {
  it('request a state and leave all else', async () => {
    await slapos('request', 'web', release, '--set', 'workers=3', '--type', 'default');
    expect((await slapos(...stop.split(' '), 'web', '--wait')).exitCode).toBe(0);
    expect(await information('web')).toMatchObject({
      requestedState: 'stopped',
      softwareReleaseUrl: release,
      instanceParameters: { _: { workers: 3 } },
    });
    const started = await slapos(...start.split(' '), 'web');
    expect(messages(started.stderr)).toBe('Requesting web to be started ...\nDone.\n');
    expect(await information('web')).toMatchObject({ requestedState: 'started' });
    const unasked = await slapos(...destroy.split(' '), 'web');
    expect(unasked.exitCode).toBe(2);
    expect(unasked.stderr).toContain('destroying web wants to be confirmed');
    expect(await information('web')).toMatchObject({ requestedState: 'started' });
    expect((await slapos(...destroy.split(' '), 'web', '--yes')).exitCode).toBe(0);
    expect(await information('web')).toMatchObject({ requestedState: 'destroyed' });
    const none = await slapos(...stop.split(' '), 'none');
    expect(none.exitCode).toBe(1);
    expect(none.stderr).toContain('Instance none does not exist.');
  });
});

it('slapos destroy --wait ends when the instance is gone', async () => {
  await slapos('request', 'web', release);
  const waiting = slapos('destroy', 'web', '--yes', '--wait', '--interval', '50ms', '--timeout', '1m');
  await expect.poll(async () => (await information('web')).requestedState, { timeout: 60_000 }).toBe('destroyed');
  await using client = await proxy.client();
  await client.registerComputerPartition(COMPUTER, 'slappart0').destroyed();
  const { exitCode, stderr } = await waiting;
  expect(messages(stderr)).toContain('Instance web is destroyed.\n');
  expect(exitCode).toBe(0);
});

describe('slapos service', () => {
  it('wait, describe and list as a table', async () => {
    await slapos('request', 'web', release, '--set', 'workers=3');
    await publish({ _: JSON.stringify({ url: 'http://[::1]/' }) });
    expect((await slapos('service', 'wait', 'web', '--for', 'url')).exitCode).toBe(0);
    const described = await slapos('service', 'describe', 'web');
    expect(described.stdout).toBe(`Name         web
State        started (requested)
Status       unknown: the master keeps no news
Software     ${release}
Type         default
Parameters
  workers: 3
Connection
  url: http://[::1]/
`);
    const table = await slapos('service', 'list', '--output', 'table', '--columns', 'title,state');
    expect(table.stdout).toBe('TITLE  STATE\nweb    started\n');
    expect(JSON.parse((await slapos('service', 'list', '--json')).stdout)).toEqual({ web: release });
    expect((await slapos('search', 'web', '--output', 'yaml')).stdout).toContain('kind: SearchResults\n');
    const green = await slapos('service', 'wait', 'web', '--for', 'green');
    expect(green.stderr).toContain('This master keeps no news of instances');
  });
});

it('slapos search finds services and computers, or says that there is nothing', async () => {
  await slapos('request', 'My-Web', release);
  expect((await slapos('search', 'web')).stdout).toBe(`service   My-Web  ${release}\n`);
  expect(JSON.parse((await slapos('search', 'comp-', '--json')).stdout)).toMatchObject({
    kind: 'SearchResults',
    items: [{ type: 'computer', name: COMPUTER }],
  });
  const nothing = await slapos('search', 'zzz');
  expect(nothing).toMatchObject({ exitCode: 2, stdout: '' });
  expect(nothing.stderr).toContain('Nothing of yours has "zzz" in its name.');
});

describe('slapos types', () => {
  it('prints or writes a module', async () => {
    const printed = await runSlapos(['types', release, '--name', 'Web']);
    expect(printed.stdout).toContain('export type WebParameters = {');
    expect(printed.stdout).toContain('export type WebConnection = {');
    const file = path.join(folder, 'types.ts');
    expect((await runSlapos(['types', release, '--name', 'Web', '--out', file])).stdout).toBe('');
    expect(await readFile(file, 'utf8')).toBe(printed.stdout);
  });

  it('says what is missing', async () => {
    const { exitCode, stderr } = await runSlapos(['types', '/nowhere/software.cfg']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('There is no schema for software type "default" of /nowhere/software.cfg.');
    expect((await runSlapos(['types', release, '--name', 'x-y'])).stderr).toContain(
      '"x-yParameters" cannot name a type.',
    );
  });
});
