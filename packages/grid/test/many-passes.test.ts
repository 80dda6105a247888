import { chmod, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { silentLogger } from '@slapos/host';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createPromiseRunner, type InstancePassResult, runInstancePass, softwareReleasePath } from '../src/index.js';
import { aPartition, InMemoryMaster } from '../src/testing.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';
import { rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

const URL = 'https://example.org/web/software.cfg';
const MEGABYTE = 1_000_000;
const DAY_MS = 86_400_000;

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.create();
  const release = softwareReleasePath(harness.node.softwareRoot, URL);
  await mkdir(path.join(release, 'bin'), { recursive: true });
  await writeFile(path.join(release, 'bin/buildout'), '#!/bin/sh\nexit 0\n');
  await chmod(path.join(release, 'bin/buildout'), 0o755);
  await writeFile(path.join(release, 'instance.cfg'), '[buildout]\nparts =\n');
});
afterEach(() => harness[Symbol.asyncDispose]());

/** A pass whose clock is ahead by so much. */
function pass(master: InMemoryMaster, aheadMs = 0): Promise<InstancePassResult> {
  const { softwareRoot, instanceRoot } = harness.node;
  const { clock } = harness.host;
  const host = Object.assign(Object.create(harness.host) as typeof harness.host, {
    clock: Object.assign(Object.create(clock) as typeof clock, { now: () => clock.now() + aheadMs }),
  });
  const options = { computerId: 'COMP-0', masterUrl: 'none', softwareRoot, instanceRoot, minimumFreeBytes: 1n };
  const promises = createPromiseRunner({ host: harness.host, master, logger: silentLogger });
  return runInstancePass(options, {
    ...harness.ports,
    host,
    master,
    promises,
    supervisor: new MemorySupervisor(),
    logger: silentLogger,
  });
}

async function deploy(count: number): Promise<InMemoryMaster> {
  const partitions = Array.from({ length: count }, (_, index) =>
    aPartition({ partitionId: `slappart${String(index)}`, softwareReleaseUrl: URL, accessStatus: '#access is ok' }),
  );
  for (const { partitionId } of partitions) await harness.node.addPartition(partitionId);
  return new InMemoryMaster({ partitions });
}

function processed(result: InstancePassResult): number {
  expect(result.outcome).toBe('success');
  return result.items.filter(({ outcome }) => outcome === 'processed').length;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Descriptors of this process, and children of it that nobody has waited for. */
async function leftovers(): Promise<{ descriptors: number; zombies: number }> {
  const descriptors = (await readdir('/proc/self/fd')).length;
  let zombies = 0;
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' && parent === String(process.pid)) zombies += 1;
  }
  return { descriptors, zombies };
}

test(
  'pass after pass leaves no descriptor, no zombie and no memory behind',
  async () => {
    const master = await deploy(rounds(10, 1000));
    const promise = path.join(harness.node.partition('slappart0'), 'etc/promise');
    await pass(master);
    await mkdir(promise, { recursive: true });
    await writeFile(path.join(promise, 'works'), '#!/bin/sh\nexit 0\n');
    await chmod(path.join(promise, 'works'), 0o755);
    /** Each pass processes one partition with a promise, and looks at the others. */
    const repeat = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) {
        const [first, ...others] = master.information.partitions;
        if (first === undefined) throw new Error('there are partitions');
        const timestamp = String(Number(first.timestamp) + 1);
        master.information = { ...master.information, partitions: [{ ...first, timestamp }, ...others] };
        expect(processed(await pass(master))).toBe(1);
        master.calls.length = 0;
      }
    };
    await repeat(rounds(3, 50));
    collectGarbage();
    const before = { ...(await leftovers()), heap: process.memoryUsage().heapUsed };
    await repeat(rounds(10, 1000));
    collectGarbage();
    const after = await leftovers();
    const driftMegabytes = (process.memoryUsage().heapUsed - before.heap) / MEGABYTE;
    expect(after).toEqual({ descriptors: before.descriptors, zombies: 0 });
    expect(driftMegabytes).toBeLessThanOrEqual(5);
  },
  TORTURE_TIMEOUT_MS,
);

test('a clock that jumps makes no storm: what is due is processed once, and nothing else', async () => {
  const master = await deploy(3);
  expect(processed(await pass(master))).toBe(3);
  expect(processed(await pass(master))).toBe(0);
  // Back by a day, as when a wrong clock is corrected: the marks are from the future.
  expect(processed(await pass(master, -DAY_MS))).toBe(0);
  expect(processed(await pass(master, -365 * DAY_MS))).toBe(0);
  // Ahead by less than the periodicity of a day, a leap second and an hour of summer time among it.
  for (const aheadMs of [1000, 3_600_000, DAY_MS - 60_000]) expect(processed(await pass(master, aheadMs))).toBe(0);
  // Ahead by more: each is due, once.
  expect(processed(await pass(master, 2 * DAY_MS))).toBe(3);
  const now = new Date(Date.now() + 2 * DAY_MS);
  for (const { partitionId } of master.information.partitions)
    await utimes(path.join(harness.node.partition(partitionId), '.timestamp'), now, now);
  expect(processed(await pass(master, 2 * DAY_MS))).toBe(0);
  // And back again: the marks are from the future, and stay good.
  expect(processed(await pass(master))).toBe(0);
});

test('another time zone is nothing new', async () => {
  const master = await deploy(2);
  expect(processed(await pass(master))).toBe(2);
  const zone = process.env['TZ'];
  try {
    for (const other of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu']) {
      process.env['TZ'] = other;
      expect(processed(await pass(master)), other).toBe(0);
    }
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});
