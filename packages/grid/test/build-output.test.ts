import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { isProcessAlive, silentLogger } from '@slapos/host';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { type InstancePassResult, runInstancePass, softwareReleasePath } from '../src/index.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';
import { isRoot } from './support/node.js';
import { rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

const URL = 'https://example.org/noisy/software.cfg';
const MEGABYTE = 1024 * 1024;
const SIZE = rounds(3, 100) * MEGABYTE;
/** Head and tail of the output that a failure tells the master, and some words around them. */
const MAX_REPORT_LENGTH = 1.3 * MEGABYTE;
/** What an output of any size may cost, 300 MB as well as 30: most of it is what the engine has not collected yet. */
const MAX_GROWTH_BYTES = 160 * MEGABYTE;

let harness: Harness;
let directory: string;
beforeEach(async () => {
  harness = await Harness.create();
  harness.ports = { ...harness.ports, supervisor: new MemorySupervisor() };
  directory = await harness.node.addPartition('slappart0');
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: URL });
});
afterEach(() => harness[Symbol.asyncDispose]());

/** A release whose buildout is this script. */
async function release(script: string): Promise<void> {
  const folder = softwareReleasePath(harness.node.softwareRoot, URL);
  await mkdir(path.join(folder, 'bin'), { recursive: true });
  await writeFile(path.join(folder, 'bin/buildout'), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(folder, 'bin/buildout'), 0o755);
  await writeFile(path.join(folder, 'instance.cfg'), '[buildout]\nparts =\n');
}

function logFile(): string {
  return path.join(directory, '.slapgrid/log/instance.log');
}

function log(): Promise<string> {
  return readFile(logFile(), 'utf8');
}

function reported(): string {
  return harness.master.calls
    .filter(([method]) => method === 'reportPartitionError')
    .map(([, , text]) => String(text))
    .join('\n');
}

/** A pass whose lines nobody remembers but the log. */
function quietPass(): Promise<InstancePassResult> {
  const { softwareRoot, instanceRoot } = harness.node;
  const options = { computerId: 'COMP-0', masterUrl: 'none', softwareRoot, instanceRoot, minimumFreeBytes: 1n };
  return runInstancePass(options, { ...harness.ports, logger: silentLogger });
}

/** How often the log has each of some texts; without having all of it in memory. */
async function countInLog(...texts: string[]): Promise<number[]> {
  const counts = texts.map(() => 0);
  const overlap = Math.max(...texts.map(({ length }) => length)) - 1;
  let carried = Buffer.alloc(0);
  for await (const chunk of createReadStream(logFile()) as AsyncIterable<Buffer>) {
    const seen = Buffer.concat([carried, chunk]);
    // A text that ends within what was carried over has been counted.
    for (const [index, text] of texts.entries()) {
      const from = Math.max(0, carried.length - text.length + 1);
      for (let at = seen.indexOf(text, from); at !== -1; at = seen.indexOf(text, at + text.length)) counts[index]! += 1;
    }
    carried = seen.subarray(-overlap);
  }
  return counts;
}

describe('of a build, however much it is', () => {
  test.each<[string, string, string, number]>([
    ['lines', `yes 0123456789abcde | head -c ${String(SIZE)}`, '0123456789abcde\n', SIZE / 16],
    ['without the end of a line', `head -c ${String(SIZE)} /dev/zero | tr '\\0' '#'; echo`, '#', SIZE],
    ['colours', `yes "$(printf '\\033[31mred\\033[0m')" | head -c ${String(13 * 1024 * 16)}`, 'red', 1024 * 16],
    // Each byte is as likely as the others, so that one in 256 is this one.
    ['bytes that are no text', `head -c ${String(SIZE)} /dev/urandom; echo`, '~', SIZE / 256],
  ])(
    '%s: the log has all of it, the report is short, memory stays small',
    async (name, output, text, times) => {
      await release(`echo BEGINNING; ${output}; echo THE END; exit 1`);
      const before = process.memoryUsage.rss();
      let highest = before;
      const timer = setInterval(() => {
        highest = Math.max(highest, process.memoryUsage.rss());
      }, 10);
      const result = await quietPass();
      clearInterval(timer);
      expect(result.outcome).toBe('failure');
      expect(highest - before).toBeLessThan(MAX_GROWTH_BYTES);
      const report = reported();
      expect(report.length).toBeLessThan(MAX_REPORT_LENGTH);
      expect(report).toContain('BEGINNING');
      expect(report).toContain('THE END');
      const [begins, ends, found = 0] = await countInLog('BEGINNING', 'THE END', text);
      expect([begins, ends]).toEqual([1, 1]);
      if (name !== 'bytes that are no text') expect(found).toBe(times);
      else expect(Math.abs(found - times)).toBeLessThan(times / 10);
    },
    TORTURE_TIMEOUT_MS,
  );
});

test('a build that is out of time is killed with all that it started, and what it said is kept', async () => {
  const child = path.join(directory, 'child');
  await release(
    `trap '' TERM; echo said; sh -c 'trap "" TERM; echo $$ > ${child}; exec sleep 600' & echo $! ; wait; sleep 600`,
  );
  const result = await harness.runInstance({ partitionTimeoutSeconds: 1 });
  expect(result.items[0]?.error).toMatchObject({ code: 'GRID_BUILD_TIMED_OUT' });
  expect(reported()).toContain('said');
  expect(await log()).toContain('said');
  const pid = Number(await readFile(child, 'utf8'));
  await vi.waitUntil(() => !isProcessAlive(pid), { timeout: 30_000 });
});

test('a build that a signal ends says so', async () => {
  await release('echo said; kill -SEGV $$');
  const result = await harness.runInstance();
  expect(result.items[0]?.error).toMatchObject({ code: 'GRID_BUILD_FAILED' });
  expect(reported()).toMatch(/said\n\n\(killed by SIGSEGV\)/);
});

/** A disk of our own that is soon full. */
async function withSmallDisk(mountPoint: string, work: () => Promise<void>): Promise<void> {
  const { uid, gid, mode } = await stat(mountPoint);
  const options = `size=256k,uid=${String(uid)},gid=${String(gid)},mode=${(mode & 0o7777).toString(8)}`;
  await execa('mount', ['-t', 'tmpfs', '-o', options, 'none', mountPoint]);
  try {
    await work();
  } finally {
    await execa('umount', ['--lazy', mountPoint]);
  }
}

describe.runIf(isRoot)('a disk that is full', () => {
  test('during a build: the error says so, and the next pass heals when there is space', async () => {
    await withSmallDisk(directory, async () => {
      await release('if [ -e fixed ]; then exit 0; fi; head -c 1000000 /dev/zero > rubbish');
      const result = await harness.runInstance();
      expect(result.outcome).toBe('failure');
      expect(reported()).toMatch(/No space left on device|ENOSPC/);
      await expect(stat(path.join(directory, '.timestamp'))).rejects.toThrow('ENOENT');
      await rm(path.join(directory, 'rubbish'));
      await writeFile(path.join(directory, 'fixed'), '');
      expect((await harness.runInstance()).outcome).toBe('success');
      expect(await readFile(path.join(directory, '.timestamp'), 'utf8')).toBe('1');
    });
  });

  test('for a log: the work goes on without it, and the next pass logs again', async () => {
    const logs = path.join(directory, '.slapgrid/log');
    const { uid, gid } = await stat(directory);
    await execa('install', ['-d', '-o', String(uid), '-g', String(gid), path.dirname(logs), logs]);
    await withSmallDisk(logs, async () => {
      await release(`yes noise | head -c ${String(MEGABYTE)}`);
      expect((await harness.runInstance()).outcome).toBe('success');
      expect(harness.messages('warn')).toContain('Cannot write a log; the work goes on without it');
      await rm(path.join(logs, 'instance.log'));
      await release('echo fine');
      harness.request({ partitionId: 'slappart0', softwareReleaseUrl: URL, timestamp: '2' });
      expect((await harness.runInstance()).outcome).toBe('success');
      expect(await log()).toContain('fine');
    });
  });

  test('for what the node remembers: the pass goes on, and remembers again when there is space', async () => {
    const memory = path.join(harness.node.instanceRoot, 'var/lib/grid');
    await release('exit 0');
    expect((await harness.runInstance()).outcome).toBe('success');
    await withSmallDisk(memory, async () => {
      await execa('sh', ['-c', 'cat /dev/zero > rubbish'], { cwd: memory, reject: false });
      harness.request({ partitionId: 'slappart0', softwareReleaseUrl: URL, timestamp: '2' });
      expect((await harness.runInstance()).outcome).toBe('success');
      expect(harness.messages('warn')).toContain('Cannot keep what is needed while the master is away');
      await rm(path.join(memory, 'rubbish'));
      expect((await harness.runInstance()).outcome).toBe('success');
      expect(await readFile(path.join(memory, 'last-target.json'), 'utf8')).toContain('slappart0');
    });
  });
});
