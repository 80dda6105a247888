import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';

const URL = 'https://example.org/software.cfg';

let harness: Harness;
let directory: string;
beforeEach(async () => {
  harness = await Harness.create();
  harness.ports = { ...harness.ports, supervisor: new MemorySupervisor() };
  directory = await harness.node.addPartition('slappart0');
  await writeFile(path.join(directory, '.timestamp'), '1');
  // No access status: a master that never says what it knows.
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: URL });
});
afterEach(() => harness[Symbol.asyncDispose]());

async function calls(masterUrl = 'http://127.0.0.1:5000'): Promise<string[]> {
  harness.takeCalls();
  await harness.runInstance({ masterUrl });
  return harness.takeCalls().slice(1);
}

async function setPromise(status: number): Promise<void> {
  const folder = path.join(directory, 'etc/promise');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'works'), `#!/bin/sh\nexit ${String(status)}\n`);
  await chmod(path.join(folder, 'works'), 0o755);
}

test('a master that never says what it knows is told once, and again only when another one takes its place', async () => {
  expect(await calls()).toEqual(['reportPartitionStarted slappart0']);
  expect(await calls()).toEqual([]);
  expect(await calls('http://127.0.0.1:6000')).toEqual(['reportPartitionStarted slappart0']);
  expect(await calls('http://127.0.0.1:6000')).toEqual([]);
});

test('it is told of each change', async () => {
  await setPromise(0);
  expect(await calls()).toEqual(['reportPartitionStarted slappart0']);
  expect(await calls()).toEqual([]);
  await setPromise(1);
  // An anomaly of an executable counts when its last three runs have failed.
  const told: string[] = [];
  for (let run = 0; run < 4; run += 1) {
    told.push(...(await calls()));
    await forgetPromiseCache();
  }
  expect(told).toEqual(['reportPartitionError slappart0']);
  await setPromise(0);
  expect(await calls()).toEqual(['reportPartitionStarted slappart0']);
  expect(await calls()).toEqual([]);
});

test('a call that the master did not take is made again', async () => {
  harness.master.failOn('reportPartitionStarted', () => new Error('not now'));
  expect(await calls()).toEqual(['reportPartitionStarted slappart0', 'reportPartitionError slappart0']);
  harness.master.heal();
  expect(await calls()).toEqual(['reportPartitionStarted slappart0']);
  expect(await calls()).toEqual([]);
});

test('a memory that cannot be read counts as none', async () => {
  await calls();
  const file = path.join(harness.node.instanceRoot, 'var/lib/grid/told-status.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    masterUrl: 'http://127.0.0.1:5000',
    partitions: { slappart0: 'well' },
  });
  await writeFile(file, '{"masterUrl"');
  expect(await calls()).toEqual(['reportPartitionStarted slappart0']);
  expect(await calls()).toEqual([]);
});

/** Promises are run every two minutes at most; a node is not made to wait for that here. */
async function forgetPromiseCache(): Promise<void> {
  const file = path.join(directory, '.slapgrid/promise/cache/works');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  await writeFile(file, JSON.stringify({ ...(JSON.parse(text) as object), next_run_after: 0 }));
}
