import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { createScriptedBuilder, startEmbeddedProxy, startStandalone } from '../src/index.js';
import {
  EndToEnd,
  keepSnapshot,
  promiseConfiguration,
  SoftwareTestBed,
  startHttpServer,
  startHttpsServer,
  temporaryDirectory,
} from '../src/testing.js';
import { scratchFolder } from './support/scratch-folder.js';
import { ORDINARY_USER } from './support/user.js';
import { WEB, webRelease } from './support/web-release.js';

test('a managed server answers and remembers', async () => {
  const server = await startHttpServer(({ method, body }, response) => {
    if (method === 'DELETE') throw new Error('never');
    response.end(`${method} ${body}`);
  });
  expect(await (await fetch(`${server.url}a?b`, { method: 'POST', body: 'é' })).text()).toBe('POST é');
  const failed = await fetch(server.url, { method: 'DELETE' });
  expect([failed.status, await failed.text()]).toEqual([500, 'never']);
  expect(server.requests).toMatchObject([{ method: 'POST', url: '/a?b', body: 'é' }, { method: 'DELETE' }]);
  await server[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await expect(fetch(server.url)).rejects.toThrow();
});

test('a managed server speaks TLS, with an authority of its own', async () => {
  await using server = await startHttpsServer(({ body }, response) => void response.end(`got ${body}`));
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/);
  await using scratch = await scratchFolder();
  const authority = path.join(scratch.path, 'ca.pem');
  await writeFile(authority, server.authority);
  const program =
    "fetch(process.argv[1], { method: 'POST', body: 'this' }).then((answer) => answer.text()).then(console.log)";
  const { stdout } = await execa(process.execPath, ['--eval', program, server.url], {
    env: { NODE_EXTRA_CA_CERTS: authority },
  });
  expect(stdout).toBe('got this');
  expect(server.requests).toMatchObject([{ method: 'POST', url: '/', body: 'this' }]);
  await expect(fetch(server.url)).rejects.toThrow(); // Nobody else trusts it.
});

test('a temporary folder goes away with what nobody may enter', async () => {
  const folder = await temporaryDirectory();
  await mkdir(path.join(folder.path, 'closed/inside'), { recursive: true });
  await chmod(path.join(folder.path, 'closed'), 0);
  await folder[Symbol.asyncDispose]();
  await expect(stat(folder.path)).rejects.toThrow(/ENOENT/);
});

describe('the configuration of a promise', () => {
  test('is read from the plug-in', async () => {
    await using scratch = await scratchFolder();
    const file = path.join(scratch.path, 'check.py');
    await writeFile(file, "print('noise')\nextra_config_dict = {'host': '10.0.0.1', 'frequency': '5'}\n");
    expect(await promiseConfiguration(file)).toEqual({ host: '10.0.0.1', frequency: '5' });
    await writeFile(file, '#!/usr/bin/python3 -u\nimport sys\n');
    expect(await promiseConfiguration(file)).toEqual({});
  });

  test('of a broken one is an error with what Python says', async () => {
    await using scratch = await scratchFolder();
    const file = path.join(scratch.path, 'check.py');
    await writeFile(file, 'import nothing_like_this\n');
    await expect(promiseConfiguration(file)).rejects.toThrow(/ModuleNotFoundError/);
  });
});

test('a snapshot keeps logs, the database, and what instances wrote', async () => {
  await using scratch = await scratchFolder();
  await using node = await startStandalone({ ...ORDINARY_USER, format: 1 });
  const partition = node.partitionDirectory('slappart0');
  await mkdir(path.join(partition, 'etc'));
  await mkdir(path.join(partition, 'data'));
  await writeFile(path.join(partition, 'etc/kept.conf'), 'kept');
  await writeFile(path.join(partition, 'data/left'), 'left');
  await symlink('/bin/sh', path.join(partition, 'etc/shell'));
  await symlink('/nowhere/at/all', path.join(partition, 'etc/dangling'));
  const kept = await keepSnapshot(node.layout, { directory: scratch.path, name: 'a test: of/names' });
  expect(kept).toBe(path.join(scratch.path, 'a test_ of_names'));
  const read = (name: string) => readFile(path.join(kept, name), 'utf8');
  expect(await read('inst/slappart0/etc/kept.conf')).toBe('kept');
  expect(await readlink(path.join(kept, 'inst/slappart0/etc/shell'))).toBe('/bin/sh');
  expect(await read('inst/slappart0/etc/dangling')).toBe('broken symlink to /nowhere/at/all\n');
  await expect(read('inst/slappart0/data/left')).rejects.toThrow(/ENOENT/);
  expect(await read('etc/slapos.cfg')).toContain('computer_id = local');
  for (const name of ['var/log/slapos-proxy.log', 'var/proxy.db'])
    expect((await stat(path.join(kept, name))).size).toBeGreaterThan(0);
});

describe('a bed for tests of a release', () => {
  const builder = createScriptedBuilder({ [WEB]: webRelease });

  test('builds, requests, and takes all of it back', async () => {
    const bed = await SoftwareTestBed.start({ ...ORDINARY_USER, software: new URL(WEB), builder, partitions: 2 });
    const { node } = bed;
    const web = await bed.request({ parameters: { text: 'tested' } });
    const { url } = await web.connection();
    expect(await (await fetch(String(url))).text()).toBe('tested');
    await bed[Symbol.asyncDispose]();
    expect(node.isRunning).toBe(false);
    await expect(fetch(String(url))).rejects.toThrow();
  });

  test('keeps a snapshot of what failed', async () => {
    await using scratch = await scratchFolder();
    const failing = createScriptedBuilder({
      [WEB]: { instantiate: ({ promise }) => promise('never', ['/bin/false']) },
    });
    const options = { ...ORDINARY_USER, software: WEB, builder: failing, partitions: 1, retries: { instance: 0 } };
    const bed = await SoftwareTestBed.start({ ...options, variables: { SLAPOS_TEST_LOG_DIRECTORY: scratch.path } });
    await expect(bed.request()).rejects.toMatchObject({ code: 'STANDALONE_INSTANCE_FAILED' });
    const log = await readFile(
      path.join(scratch.path, 'web/request testing partition 0 failed/var/log/slapos-node-instance.log'),
      'utf8',
    );
    expect(log).toContain('never');
    await bed[Symbol.asyncDispose]();
  });

  test('destroys what instances have requested themselves', async () => {
    const parent = 'https://sr.example/parent/software.cfg';
    const requesting = createScriptedBuilder({
      [WEB]: webRelease,
      [parent]: {
        instantiate: async ({ request }) => {
          await request({ softwareReleaseUrl: WEB, partitionReference: 'child', parameters: { text: 'a child' } });
        },
      },
    });
    const options = { ...ORDINARY_USER, software: parent, alsoSupply: [WEB], builder: requesting, partitions: 2 };
    const bed = await SoftwareTestBed.start(options);
    await bed.request();
    await bed.processInstances();
    const { partitions } = await bed.node.computer.fetchInformation();
    expect(partitions.map(({ instanceTitle }) => instanceTitle).sort()).toEqual(['child', 'testing partition 0']);
    await bed[Symbol.asyncDispose]();
  });

  test('says what a suite left behind', async () => {
    const bed = await SoftwareTestBed.start({ ...ORDINARY_USER, software: WEB, builder, partitions: 1 });
    const forgotten = path.join(bed.node.layout.instanceRoot, 'etc/supervisord.conf.d/forgotten.conf');
    await writeFile(forgotten, '');
    await expect(bed[Symbol.asyncDispose]()).rejects.toMatchObject({
      code: 'STANDALONE_LEAKED',
      message: 'Test leaked supervisor configurations: forgotten.conf',
    });
  });

  test('removes its node when the release cannot be built', async () => {
    const failing = createScriptedBuilder({
      [WEB]: { build: () => Promise.reject(new Error('no')), instantiate: () => {} },
    });
    const options = { ...ORDINARY_USER, software: WEB, builder: failing, retries: { software: 0 } };
    await expect(SoftwareTestBed.start(options)).rejects.toMatchObject({ code: 'STANDALONE_SOFTWARE_FAILED' });
  });
});

test('requests to a real master are followed, and taken back', async () => {
  await using proxy = await startEmbeddedProxy({ computers: { local: 1 } });
  const request = { softwareReleaseUrl: WEB, partitionReference: 'web' };
  {
    await using run = new EndToEnd(proxy.client);
    await run.supply(WEB, 'local');
    expect(await run.request(request)).toEqual({});
    expect(await run.status('web')).toBe('none');
    const published = run.untilPublished(request, 'url', { pollMs: 5, timeoutMs: 10_000 });
    await proxy.node().publish('web', { _: '{"url": "http://a/"}' });
    expect(await published).toBe('http://a/');
    const green = run.untilGreen('web', { pollMs: 5, timeoutMs: 10_000 });
    await proxy.node().started('web');
    await green;
    await proxy.node().error('web', 'no disk');
    expect(await run.status('web')).toBe('red');
    await expect(run.untilGreen('web', { timeoutMs: 1, pollMs: 1 })).rejects.toMatchObject({
      code: 'STANDALONE_TIMED_OUT',
      message: expect.stringContaining('no disk') as string,
    });
  }
  expect(await proxy.state()).toMatchObject({
    softwareReleases: [{ requestedState: 'destroyed' }],
    instances: [{ requestedState: 'destroyed' }],
  });
});
