import { chmod, mkdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { softwareReleasePath } from '../src/index.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';
import { FIXTURES, isRoot } from './support/node.js';

let harness: Harness;
let directory: string;
let url: string;

/** What the Python agent writes, with the places of this node. */
async function golden(name: string): Promise<string> {
  const { node } = harness;
  const user = node.partitionUser('slappart0');
  const values: Record<string, string> = {
    '@ROOT@/instance': node.instanceRoot,
    '@ROOT@': node.directory,
    '@FIXTURE_ROOT@': node.releases,
    '@MASTER_URL@': 'http://127.0.0.1:5000',
    '@UID@': String(user?.uid ?? process.geteuid?.()),
    '@GID@': String(user?.gid ?? process.getegid?.()),
    '@USER@': user?.name ?? os.userInfo().username,
  };
  const text = await readFile(path.join(FIXTURES, 'golden', name), 'utf8');
  return Object.entries(values).reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

const kept: Record<string, string> = {};

async function put(file: string, text: string, mode: number): Promise<void> {
  await writeFile(file, text);
  await chmod(file, mode);
  kept[file] = text;
}

/** A node as the Python agent leaves it after a successful pass. */
beforeEach(async () => {
  harness = await Harness.create();
  harness.ports = { ...harness.ports, supervisor: new MemorySupervisor() };
  const { node } = harness;
  url = node.releaseUrl('hello-web');
  for (const name of Object.keys(kept)) Reflect.deleteProperty(kept, name);
  const release = softwareReleasePath(node.softwareRoot, url);
  await mkdir(release);
  await put(path.join(release, 'buildout.cfg'), await golden('software-buildout.cfg'), 0o644);
  await put(path.join(release, '.completed'), 'Mon Nov 23 05:14:47 2026', 0o644);
  directory = await node.addPartition('slappart0');
  await symlink(release, path.join(directory, 'software_release'));
  await put(
    path.join(directory, 'buildout.cfg'),
    `[buildout]\n\n\n${await golden('partition-buildout-tail.cfg')}`,
    0o640,
  );
  await put(path.join(directory, '.timestamp'), '1763800000.5', 0o644);
  await put(path.join(directory, '.slapos-retention-lock-delay'), '10.0', 0o644);
  for (const [name, mode] of [
    ['etc', 0o700],
    ['etc/supervisord.conf.d', 0o700],
    ['var', 0o755],
    ['var/log', 0o700],
    ['var/run', 0o700],
  ] as const) {
    await mkdir(path.join(node.instanceRoot, name), { mode });
  }
  await put(path.join(node.instanceRoot, 'etc/supervisord.conf'), await golden('supervisord.conf'), 0o600);
  await put(
    path.join(node.instanceRoot, 'etc/supervisord.conf.d/slappart0.conf'),
    await golden('slappart0.conf'),
    0o600,
  );
});
afterEach(() => harness[Symbol.asyncDispose]());

const AS_BEFORE = { masterUrl: 'http://127.0.0.1:5000', watchdogProgram: '/opt/slapos/bin/slapos-watchdog' };

test('a node that the Python agent has deployed is taken over without a touch', async () => {
  harness.supply('hello-web');
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url, timestamp: '1763800000.5', accessStatus: 'ok' });
  const options = { ...AS_BEFORE, certificateRepositoryPath: path.join(harness.node.directory, 'pki') };
  const before = new Map<string, number>();
  for (const file of Object.keys(kept)) before.set(file, (await stat(file)).ctimeMs);
  const software = await harness.runSoftware(options);
  const instance = await harness.runInstance(options);
  expect(software.items).toMatchObject([{ action: 'keep', outcome: 'unchanged' }]);
  expect(instance.items).toMatchObject([{ action: 'check', reason: 'unchanged', outcome: 'unchanged' }]);
  expect(harness.takeCalls()).toEqual(['fetchComputerInformation', 'fetchComputerInformation']);
  for (const [file, text] of Object.entries(kept)) {
    expect(await readFile(file, 'utf8')).toBe(text);
    expect((await stat(file)).ctimeMs, file).toBe(before.get(file));
  }
});

test('the retention that it fixed stays, whatever the filter says later', async () => {
  harness.ports = { ...harness.ports, builder: { ...harness.ports.builder, instantiate: async () => {} } };
  harness.request({
    partitionId: 'slappart0',
    softwareReleaseUrl: url,
    timestamp: '1763800001',
    filter: { retention_delay: 99 },
  });
  expect(await harness.runInstance(AS_BEFORE)).toMatchObject({ outcome: 'success' });
  expect(await readFile(path.join(directory, '.slapos-retention-lock-delay'), 'utf8')).toBe('10.0');
  expect(await readFile(path.join(directory, '.timestamp'), 'utf8')).toBe('1763800001');
});

test('what a pass writes is, byte for byte, what the Python agent wrote', async () => {
  const { node } = harness;
  const release = softwareReleasePath(node.softwareRoot, url);
  await mkdir(path.join(release, 'bin'));
  const buildout = 'mkdir -p etc/service && touch etc/service/hello-server && chmod 755 etc/service/hello-server';
  await put(path.join(release, 'bin/buildout'), `#!/bin/sh\n${buildout}\n`, 0o755);
  await put(path.join(release, 'instance.cfg'), '[buildout]\n', 0o644);
  const group = path.join(node.instanceRoot, 'etc/supervisord.conf.d/slappart0.conf');
  const written = ['buildout.cfg', '.timestamp', '.slapos-retention-lock-delay', 'software_release'];
  for (const file of [...written.map((name) => path.join(directory, name)), group]) await rm(file);
  harness.request({
    partitionId: 'slappart0',
    softwareReleaseUrl: url,
    timestamp: '1763800000.5',
    filter: { retention_delay: 10 },
  });
  const options = {
    ...AS_BEFORE,
    certificateRepositoryPath: path.join(node.directory, 'pki'),
    sharedPartList: ['/opt/a', '/opt/b'],
  };
  expect(await harness.runInstance(options)).toMatchObject({ outcome: 'success' });

  const text = (file: string): Promise<string> => readFile(path.join(directory, file), 'utf8');
  expect(await text('buildout.cfg')).toBe(`[buildout]\n\n\n${await golden('partition-buildout-tail.cfg')}`);
  expect(await text('.timestamp')).toBe('1763800000.5');
  expect(await text('.slapos-retention-lock-delay')).toBe('10.0');
  expect(await readlink(path.join(directory, 'software_release'))).toBe(release);
  // There the users' homes were their partitions.
  const home = node.partitionUser('slappart0')?.home ?? os.userInfo().homedir;
  const logs = `${node.instanceRoot}/var/lib/service-logs/slappart0`;
  const wanted = (await golden('slappart0.conf'))
    .replace(/HOME="[^"]*"/, `HOME="${home}"`)
    // Root does not write where a partition's user can put links; in the partition there is one to what root writes. (spec: security S2)
    .replaceAll(
      `logfile=${directory}/.slappart0_`,
      isRoot ? `logfile=${logs}/slappart0_` : `logfile=${directory}/.slappart0_`,
    );
  if (isRoot)
    expect(await readlink(path.join(directory, '.slappart0_hello-server.log'))).toBe(
      `${logs}/slappart0_hello-server.log`,
    );
  expect(await readFile(group, 'utf8')).toBe(wanted);
  const kept = await readFile(path.join(node.instanceRoot, 'etc/supervisord.conf'), 'utf8');
  expect(kept).toBe(await golden('supervisord.conf'));
  const modes = [group, path.join(directory, 'buildout.cfg'), path.join(directory, '.timestamp')];
  expect(await Promise.all(modes.map(async (file) => (await stat(file)).mode & 0o777))).toEqual([0o600, 0o640, 0o644]);
});
