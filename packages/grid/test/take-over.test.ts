import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { softwareReleasePath } from '../src/index.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';
import { FIXTURES } from './support/node.js';

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
    '@USER@': user?.name ?? 'user',
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
