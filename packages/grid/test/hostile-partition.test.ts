import { chmod, link, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { softwareReleasePath } from '../src/index.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';

const RELEASE_URL = 'https://example.org/software.cfg';

let harness: Harness;
let directory: string;
let canary: string;
let folderOfRoot: string;
beforeEach(async () => {
  harness = await Harness.create();
  harness.ports = { ...harness.ports, supervisor: new MemorySupervisor() };
  directory = await harness.node.addPartition('slappart0');
  canary = path.join(harness.node.directory, 'canary');
  folderOfRoot = path.join(harness.node.directory, 'folder-of-root');
  await mkdir(folderOfRoot);
  await writeFile(canary, 'untouched\n', { mode: 0o600 });
  // A release whose buildout does nothing: what matters here is what the agent does by itself.
  const release = softwareReleasePath(harness.node.softwareRoot, RELEASE_URL);
  await mkdir(path.join(release, 'bin'), { recursive: true });
  await writeFile(path.join(release, 'instance.cfg'), '[buildout]\nparts =\n');
  await writeFile(path.join(release, 'bin/buildout'), '#!/bin/sh\nexit 0\n');
  await chmod(path.join(release, 'bin/buildout'), 0o755);
});
afterEach(() => harness[Symbol.asyncDispose]());

/** What root reads or writes in a partition. (spec: grid 8.1) */
const TOUCHED = [
  'buildout.cfg',
  'software_release',
  '.timestamp',
  '.slapgrid',
  '.slapgrid/log',
  '.slapgrid/log/instance.log',
  '.slapgrid-slappart0-error.log',
  '.slapos-request-transaction-slappart0',
  '.slapos-retention-lock-delay',
  'etc',
  'etc/run',
  'etc/service',
  'etc/promise',
];

const KINDS: Record<string, (name: string) => Promise<unknown>> = {
  'a link to a file of root': (name) => symlink(canary, name),
  'a link to a folder of root': (name) => symlink(folderOfRoot, name),
  'a dangling link': (name) => symlink(path.join(harness.node.directory, 'made-by-root'), name),
  'a folder': (name) => mkdir(path.join(name, 'inside'), { recursive: true }),
  'a FIFO': (name) => execa('mkfifo', [name]),
  'a hard link to a file of root': (name) => link(canary, name),
  'an endless file': (name) => symlink('/dev/zero', name),
};

describe.each(TOUCHED)('in place of %s', (name) => {
  test.each(Object.keys(KINDS))('%s does no harm', async (kind) => {
    const before = await stat(canary);
    const folderBefore = await stat(folderOfRoot);
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await KINDS[kind]?.(path.join(directory, name));
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: RELEASE_URL });
    const [item] = (await harness.runInstance()).items;
    expect(['processed', 'failed']).toContain(item?.outcome);
    if (item?.outcome === 'failed') expect(item.error?.message).toContain('slappart0');

    expect(await readFile(canary, 'utf8')).toBe('untouched\n');
    const after = await stat(canary);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(await readdir(harness.node.directory)).not.toContain('made-by-root');
    expect((await stat(folderOfRoot)).mtimeMs).toBe(folderBefore.mtimeMs);
    expect(await readdir(folderOfRoot)).toEqual([]);
    expect(JSON.stringify(harness.master.calls)).not.toContain('untouched');
  });
});

test('names of services that would be configuration are left out, and the others are not', async () => {
  await mkdir(path.join(directory, 'etc/service'), { recursive: true });
  const hostile = ['x\n[program:evil]\ncommand=id', 'a b', 'a:b', '%(x)s', '-rf', '.hidden'];
  for (const name of [...hostile, 'web']) await writeFile(path.join(directory, 'etc/service', name), '');
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: RELEASE_URL });
  expect(await harness.runInstance()).toMatchObject({ outcome: 'success' });
  const group = await readFile(path.join(harness.node.instanceRoot, 'etc/supervisord.conf.d/slappart0.conf'), 'utf8');
  expect(group).toContain('programs=slappart0_web\n');
  expect(group.match(/^\[/gm)).toHaveLength(2);
  expect(harness.messages('warn').filter((message) => message.startsWith('Left out a service'))).toHaveLength(
    hostile.length,
  );
  await rm(path.join(directory, 'etc'), { recursive: true });
});
