import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { isProcessAlive } from '@slapos/host';
import { createProxy } from '@slapos/proxy';
import { describe, expect, test } from 'vitest';

import {
  createScriptedBuilder,
  PassFailedError,
  type ScriptedRelease,
  startStandalone,
  type StandaloneNode,
  type StandaloneOptions,
} from '../src/index.js';
import { scratchFolder } from './support/scratch-folder.js';
import { ORDINARY_USER } from './support/user.js';
import { WEB, webRelease } from './support/web-release.js';

const builder = createScriptedBuilder({ [WEB]: webRelease });
const start = (options: StandaloneOptions = {}) => startStandalone({ ...ORDINARY_USER, builder, ...options });
const broken = (release: ScriptedRelease) => createScriptedBuilder({ [WEB]: release });

async function deploy(node: StandaloneNode, text: string) {
  await node.supply(WEB);
  await node.buildSoftware();
  const web = await node.request({ softwareReleaseUrl: WEB, partitionReference: 'web', parameters: { text } });
  await node.processInstances({ retries: 30 });
  return web;
}

async function pageOf(instance: { connection(): Promise<Record<string, unknown>> }): Promise<string> {
  const { url } = await instance.connection();
  return (await fetch(String(url))).text();
}

describe('a node', () => {
  test('builds, deploys, serves, publishes, and leaves nothing behind', async () => {
    const node = await start({ format: 2 });
    const pids: string[] = [];
    try {
      const web = await deploy(node, 'bonjour');
      expect(await pageOf(web)).toBe('bonjour');
      expect(await web.requestedState()).toBe('started');
      expect(web.addresses).toEqual(['127.0.0.1', '::1']);
      expect(await web.services()).toMatchObject([{ group: web.partitionId, stateName: 'RUNNING' }]);
      expect(await web.promises()).toMatchObject([{ name: 'answers', failed: false }]);
      const changed = await web.update({ parameters: { text: 'au revoir' } });
      await node.processInstances({ retries: 30 });
      expect(await pageOf(changed)).toBe('au revoir');
      pids.push(...(await web.services()).map(({ pid }) => String(pid)));
    } finally {
      await node[Symbol.asyncDispose]();
    }
    expect(existsSync(node.directory)).toBe(false);
    expect(pids.filter((pid) => isProcessAlive(Number(pid)))).toEqual([]);
  });

  test('has a twin on the same machine', async () => {
    await using one = await start({ format: 1 });
    await using other = await start({ format: 1 });
    const [web, otherWeb] = await Promise.all([deploy(one, 'one'), deploy(other, 'other')]);
    expect([await pageOf(web), await pageOf(otherWeb)]).toEqual(['one', 'other']);
  });

  test('tells of everything that happens', async () => {
    const types = new Set<string>();
    await using node = await start({ format: 1, onEvent: ({ type }) => types.add(type) });
    await deploy(node, 'x');
    for (const type of ['pass.started', 'software.output', 'partition.step', 'pass.finished']) {
      expect(types).toContain(type);
    }
  });

  test('is found again as it was left, and its services went on', async () => {
    await using scratch = await scratchFolder();
    const directory = path.join(scratch.path, 'n');
    const first = await start({ directory, format: 2, onClose: 'leave' });
    const web = await deploy(first, 'still here');
    const { masterUrl } = first;
    await first[Symbol.asyncDispose]();
    expect(() => first.masterUrl).toThrow(expect.objectContaining({ code: 'STANDALONE_NOT_RUNNING' }));
    const [service] = await web.services();
    expect(service).toMatchObject({ stateName: 'RUNNING' });

    await using second = await start({ directory });
    expect(second.masterUrl).toBe(masterUrl);
    const again = await second.request(web.request);
    expect(again.partitionId).toBe(web.partitionId);
    expect(await pageOf(again)).toBe('still here');
    expect(await second.services.processInfo(`${service!.group}:${service!.name}`)).toMatchObject({
      pid: service!.pid,
    });
    await second.stop();
    await second.start();
    await second.processInstances({ retries: 30, force: true });
    expect(await pageOf(again)).toBe('still here');
  });

  test('is controlled by one program only', async () => {
    await using scratch = await scratchFolder();
    const directory = path.join(scratch.path, 'n');
    await using node = await start({ directory });
    await expect(start({ directory })).rejects.toMatchObject({ code: 'STANDALONE_IN_USE' });
    expect(await node.services.isRunning()).toBe(true);
  });

  test('runs its passes by itself', async () => {
    await using node = await start({ format: 1 });
    await node.supply(WEB);
    const web = await node.request({ softwareReleaseUrl: WEB, partitionReference: 'web' });
    const failures: unknown[] = [];
    await using auto = node.auto({ everyMs: 10, reportEvery: 1, onFailure: (failure) => failures.push(failure) });
    await expect
      .poll(async () => (await web.promises()).map(({ failed }) => failed), { timeout: 60_000 })
      .toEqual([false]);
    await expect.poll(() => auto.rounds, { timeout: 60_000 }).toBeGreaterThan(0);
    await web.destroy();
    await expect.poll(async () => readdir(web.directory), { timeout: 60_000 }).toEqual([]);
    for (const failure of failures) expect(failure).toBeInstanceOf(PassFailedError);
  });

  test('hears of services that end, and deploys their instance again', async () => {
    const once = broken({
      instantiate: ({ service }) => service('short', ['/bin/sh', '-c', 'sleep 0.2']),
    });
    await using node = await start({ format: 1, builder: once });
    await node.supply(WEB);
    await node.buildSoftware();
    await node.request({ softwareReleaseUrl: WEB, partitionReference: 'web' });
    await node.processInstances();
    const bangs = async () =>
      (await readFile(node.layout.proxyLog, 'utf8')).match(/softwareInstanceBang/g)?.length ?? 0;
    await expect.poll(bangs, { timeout: 60_000 }).toBeGreaterThan(0);
    const { items } = await node.processInstances();
    expect(items).toMatchObject([{ action: 'process', reason: 'newer-timestamp' }]);
  });

  test('writes what the slapos command and the Python program read', async () => {
    await using node = await start({
      format: { partitions: 2, ipv6: 'fd00:1::/64', baseName: 'part' },
      forward: [
        {
          masterUrl: 'http://127.0.0.1:1/',
          softwareReleaseUrls: ['http://a/s.cfg'],
          as: { computerId: 'C', partitionId: 'p' },
        },
      ],
    });
    const at = (...names: string[]) => path.join(node.directory, ...names);
    const configuration = await readFile(at('etc/slapos.cfg'), 'utf8');
    for (const line of [
      `master_url = ${node.masterUrl}/`,
      'root_check = False',
      'partition_amount = 2',
      'partition_has_ipv6_range = true',
      '[multimaster/http://127.0.0.1:1/]',
      'computer = C',
      `database_uri = ${at('var/proxy.db')}`,
    ]) {
      expect(configuration.split('\n')).toContain(line);
    }
    expect(await readFile(at('etc/slapformat-definition.cfg'), 'utf8')).toContain('ipv6_range = fd00:1:0:0:4001::/80');
    const wrapper = await stat(at('bin/slapos'));
    expect(wrapper.mode & 0o777).toBe(0o755);
    expect((await readdir(at('inst'))).sort()).toEqual(expect.arrayContaining(['etc', 'part0', 'part1', 'var']));
  });
});

describe('what fails', () => {
  test('a build: the error holds the end of its log and what failed', async () => {
    const failing = broken({
      build: ({ log }) => {
        for (let line = 1; line <= 80; line += 1) log(`line ${line}`);
        throw new Error('no compiler');
      },
      instantiate: () => {},
    });
    await using node = await start({ format: 1, builder: failing });
    await node.supply(WEB);
    const error: unknown = await node
      .buildSoftware({ retries: 1, retryDelayMs: 1, errorLines: 20 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PassFailedError);
    const failure = error as PassFailedError;
    expect(failure).toMatchObject({
      code: 'STANDALONE_SOFTWARE_FAILED',
      exitStatus: 1,
      attempts: 2,
      logFile: node.layout.log('software'),
    });
    expect(failure.failures).toMatchObject([{ reference: WEB, cause: { code: 'GRID_BUILD_FAILED' } }]);
    expect(failure.message).toContain('no compiler');
    expect(failure.output.split('\n').length).toBe(20);
    expect(failure.output).not.toMatch(/line 1 /);
    const whole = await node.buildSoftware({ errorLines: 0 }).catch((thrown: unknown) => thrown);
    expect((whole as PassFailedError).output).toMatch(/line 1 /);
  });

  test('a promise: exit status 2, unless only deploying was asked for', async () => {
    const failing = broken({
      instantiate: ({ promise }) => promise('never', ['/bin/sh', '-c', 'echo the disk is on fire; exit 1']),
    });
    await using node = await start({ format: 1, builder: failing });
    await node.supply(WEB);
    await node.buildSoftware();
    const instance = await node.request({ softwareReleaseUrl: WEB, partitionReference: 'web' });
    const error: unknown = await node.processInstances().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STANDALONE_INSTANCE_FAILED', exitStatus: 2, attempts: 1 });
    expect((error as Error).message).toMatch(/web \(slappart0\)[^]*the disk is on fire/);
    expect(await instance.promises()).toMatchObject([{ name: 'never', failed: true }]);
    expect((await node.processInstances({ until: 'deployed' })).outcome).toBe('promise-failure');
  });

  test('a master that is gone while instances are processed: exit status 3', async () => {
    await using node = await start({ format: 1 });
    await deploy(node, 'x');
    using _fault = node.proxy.injectFault({ path: '/getFullComputerInformation', status: 500 });
    await expect(node.processInstances()).rejects.toMatchObject({
      exitStatus: 3,
      failures: [{ reference: 'the master' }],
    });
  });

  test('what is waited for no longer', async () => {
    await using node = await start({
      format: 1,
      builder: broken({ build: () => Promise.reject(new Error('no')), instantiate: () => {} }),
    });
    await node.supply(WEB);
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    await expect(node.buildSoftware({ retries: 1000, signal: aborted })).rejects.toBe(reason);
  });

  test('a request that says where, or a supply elsewhere', async () => {
    await using node = await start({ format: 1 });
    const request = { softwareReleaseUrl: WEB, partitionReference: 'web', filter: { computer_guid: 'x' } };
    await expect(node.request(request)).rejects.toThrow('Can only request on embedded computer');
    await expect(node.supply(WEB, { computerId: 'x' })).rejects.toThrow('Can only supply on embedded computer');
  });

  test.each<[string, StandaloneOptions, string]>([
    ['a port that is none', { listen: { port: 70_000 } }, 'STANDALONE_INVALID_OPTIONS'],
    ['an unknown option', { computer: 'x' } as StandaloneOptions, 'STANDALONE_INVALID_OPTIONS'],
    ['a deep folder', { directory: `/tmp/${'x'.repeat(100)}` }, 'STANDALONE_PATH_TOO_DEEP'],
    ['a folder without parent', { directory: '/nowhere/at/all' }, 'STANDALONE_INVALID_OPTIONS'],
    ['releases from nowhere', { instanceOnly: true }, 'STANDALONE_INVALID_OPTIONS'],
    ['an address that is none', { format: { partitions: 1, ipv4: '1.2.3' } }, 'STANDALONE_INVALID_OPTIONS'],
    ['a network that is none', { format: { partitions: 1, ipv6: 'fd00::/129' } }, 'STANDALONE_INVALID_OPTIONS'],
    ['a name that is none', { format: { partitions: 1, baseName: '../x' } }, 'STANDALONE_INVALID_OPTIONS'],
    ['a user that does not exist', { user: 'no-such-user' }, 'STANDALONE_INVALID_OPTIONS'],
  ])('%s', async (_name, options, code) => {
    await expect(start(options)).rejects.toMatchObject({ code });
  });
});

describe('partitions', () => {
  test('come and go, but not those that are in use', async () => {
    await using node = await start({ format: 3 });
    const ids = async () =>
      (await readdir(node.layout.instanceRoot)).filter((name) => name.startsWith('slappart')).sort();
    expect(await ids()).toEqual(['slappart0', 'slappart1', 'slappart2']);
    const web = await deploy(node, 'x');
    await writeFile(path.join(node.partitionDirectory('slappart2'), 'left'), '');
    await node.format(1);
    expect(await ids()).toEqual(['slappart0']);
    await expect(node.format(0)).rejects.toMatchObject({
      code: 'STANDALONE_BUSY_PARTITION',
      message: 'Cannot reformat to remove busy partition at slappart0',
    });
    expect(await pageOf(web)).toBe('x');
    await web.destroy();
    await node.processInstances();
    await node.format(0);
    expect(await ids()).toEqual([]);
    expect((await node.services.allProcessInfo()).map(({ group }) => group)).toEqual(['watchdog']);
  });

  test('are free again after the report pass, and what ran there is gone', async () => {
    await using node = await start({ format: 1 });
    const web = await deploy(node, 'x');
    const [service] = await web.services();
    await web.destroy();
    await node.processInstances();
    expect(isProcessAlive(service!.pid)).toBe(false);
    const { items } = await node.processReports();
    expect(items).toMatchObject([{ partitionId: 'slappart0', outcome: 'destroyed' }]);
    expect(await readdir(web.directory)).toEqual([]);
    const other = await node.request({ softwareReleaseUrl: WEB, partitionReference: 'other' });
    expect(other.partitionId).toBe('slappart0');
  });

  test('whose instance does not let itself be destroyed make the report pass fail', async () => {
    const stubborn = broken({
      instantiate: ({ write }) => write('sbin/destroy', '#!/bin/sh\necho not me\nexit 1\n', 0o700),
    });
    await using node = await start({ format: 1, builder: stubborn });
    const web = await deploy(node, 'x');
    await web.destroy();
    await expect(node.processReports()).rejects.toMatchObject({
      code: 'STANDALONE_REPORT_FAILED',
      exitStatus: 1,
      failures: [{ reference: 'slappart0' }],
    });
  });

  test('of releases that come ready-made', async () => {
    await using builderNode = await start({ format: 1 });
    await deploy(builderNode, 'built elsewhere');
    await using node = await start({ format: 1, instanceOnly: true, softwareRoot: builderNode.layout.softwareRoot });
    await expect(node.buildSoftware()).rejects.toThrow(/builds no software/);
    // Nor does a supervisord that runs this folder.
    for (const file of [node.layout.systemSupervisor, node.layout.automaticProgram]) {
      const text = await readFile(file, 'utf8');
      expect(text).toContain('slapos-node-instance');
      expect(text).not.toContain('slapos-node-software');
    }
    const web = await node.request({
      softwareReleaseUrl: WEB,
      partitionReference: 'web',
      parameters: { text: 'ready' },
    });
    await node.processInstances({ retries: 30 });
    expect(await pageOf(web)).toBe('ready');
  });
});

test('several masters: requests of some releases go elsewhere', async () => {
  await using elsewhere = await createProxy({ computerId: 'FAR' });
  await elsewhere.seed({ computers: { FAR: { partitions: 1 } } });
  const { url: masterUrl } = await elsewhere.listen({ host: '127.0.0.1', port: 0 });
  await using node = await start({
    format: 1,
    forward: [{ masterUrl, softwareReleaseUrls: ['https://sr.example/far.cfg'] }],
  });
  const far = await node.request({ softwareReleaseUrl: 'https://sr.example/far.cfg', partitionReference: 'far' });
  expect(far.computerId).toBe('FAR');
  const near = await node.request({ softwareReleaseUrl: WEB, partitionReference: 'near' });
  expect(near.computerId).toBe('local');
});
