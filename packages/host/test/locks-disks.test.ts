import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type Clock,
  createDryRunHost,
  createLinuxHost,
  type Disks,
  DryRunClock,
  LinuxDisks,
  LinuxLocks,
  type Locks,
  systemClock,
} from '../src/index.js';
import { parseLsblk, parseMountInfo } from '../src/disks/linux-disks.js';
import { createMemoryHost, ManualClock, MemoryDisks, MemoryLocks, RecordingLogger } from '../src/testing.js';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'host-contracts-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const locks: [string, () => Locks][] = [
  ['the kernel’s', () => new LinuxLocks()],
  ['in memory', () => new MemoryLocks()],
  ['dry run', () => createDryRunHost(createMemoryHost()).locks],
];

describe.each(locks)('locks: %s', (_, make) => {
  test('exclude each other by path, until they are released or disposed of', async () => {
    const port = make();
    const file = path.join(folder, 'contract.pid');
    const first = await port.acquire(file);
    expect(first.path).toBe(file);
    await expect(port.acquire(file)).rejects.toMatchObject({ code: 'HOST_LOCKED', retryable: true });
    // The same file by another spelling.
    await expect(port.acquire(`${folder}/./contract.pid`)).rejects.toMatchObject({ code: 'HOST_LOCKED' });
    await using other = await port.acquire(path.join(folder, 'other.pid'));
    expect(other.path).not.toBe(file);
    await first.release();
    {
      await using second = await port.acquire(file);
      expect(second.path).toBe(file);
      // The first one has nothing to give back any more.
      await first.release();
      await expect(port.acquire(file)).rejects.toMatchObject({ code: 'HOST_LOCKED' });
    }
    await (await port.acquire(file)).release();
    expect(fs.existsSync(file)).toBe(false);
  });
});

test('a dry run tells which locks would have been taken, and takes none', async () => {
  const { locks: port } = createDryRunHost(createLinuxHost());
  await using held = await port.acquire(path.join(folder, 'dry.pid'));
  expect(port.acquired).toEqual([held.path]);
  expect(fs.existsSync(held.path)).toBe(false);
});

interface ClockUnderTest {
  readonly clock: Clock;
  /** Sleeps on it, with whatever makes its time pass. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

const clocks: [string, () => ClockUnderTest][] = [
  ['the machine’s', () => ({ clock: systemClock, sleep: (milliseconds) => systemClock.sleep(milliseconds) })],
  [
    'by hand',
    () => {
      const clock = new ManualClock();
      const sleep = async (milliseconds: number): Promise<void> => {
        const ended = clock.sleep(milliseconds);
        clock.advance(milliseconds);
        await ended;
      };
      return { clock, sleep };
    },
  ],
  [
    'dry run',
    () => {
      const clock = new DryRunClock(new ManualClock());
      return { clock, sleep: (milliseconds) => clock.sleep(milliseconds) };
    },
  ],
];

describe.each(clocks)('clocks: %s', (_, make) => {
  test('after a sleep at least that much time has passed, in both ways of counting', async () => {
    const { clock, sleep } = make();
    const [date, elapsed] = [clock.now(), clock.monotonic()];
    await sleep(30);
    // Timers of the machine may fire a fraction of a millisecond early.
    expect(clock.monotonic() - elapsed).toBeGreaterThanOrEqual(29);
    expect(clock.now() - date).toBeGreaterThanOrEqual(29);
    expect(clock.now()).toBeGreaterThan(Date.UTC(2020, 0, 1));
  });

  test('a sleep that is not wanted any more ends with the reason', async () => {
    const { clock } = make();
    await expect(clock.sleep(1_000_000, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});

test('a dry run waits for nothing and tells what it would have waited', async () => {
  const real = new ManualClock();
  const { clock } = createDryRunHost(createMemoryHost({ clock: real }));
  await clock.sleep(60_000);
  await clock.sleep(5);
  expect(clock.sleeps).toEqual([60_000, 5]);
  expect([clock.now() - real.now(), clock.monotonic() - real.monotonic()]).toEqual([60_005, 60_005]);
});

const disks: [string, () => Disks][] = [
  ['the machine’s', () => new LinuxDisks()],
  ['in memory', () => new MemoryDisks()],
  ['dry run', () => createDryRunHost(createLinuxHost()).disks],
];

describe.each(disks)('disks: %s', (_, make) => {
  test('know the free space, also of what does not exist yet', async () => {
    const free = await make().freeSpace(folder);
    expect(free).toBeGreaterThan(0n);
    expect(typeof (await make().freeSpace(path.join(folder, 'not', 'yet')))).toBe('bigint');
  });

  test('know the mounts and the devices', async () => {
    expect((await make().mounts()).map((mount) => mount.mountPoint)).toContain('/');
    for (const device of await make().blockDevices()) expect(device.path).toMatch(/^\/dev\//);
  });
});

test('free space is counted in fragments, as df does', async () => {
  const df = (): bigint =>
    BigInt(execFileSync('df', ['-B1', '--output=avail', folder], { encoding: 'utf8' }).split('\n')[1] ?? '');
  // Others write to the disk meanwhile: the answer lies between two looks.
  const before = df();
  const free = await new LinuxDisks().freeSpace(folder);
  const after = df();
  const slack = 64n * 1024n * 1024n;
  expect(free).toBeGreaterThanOrEqual((before < after ? before : after) - slack);
  expect(free).toBeLessThanOrEqual((before > after ? before : after) + slack);
});

test('mountinfo with blanks in names and with optional fields', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt\\040with\\011blanks rw,noatime master:1 shared:2 - ext3 /dev/root\\134x rw,errors=continue',
    '37 35 0:5 / /proc ro - proc proc rw',
    'garbage',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    { device: '98:0', mountPoint: '/mnt with\tblanks', type: 'ext3', source: '/dev/root\\x', readOnly: false },
    { device: '0:5', mountPoint: '/proc', type: 'proc', source: 'proc', readOnly: true },
  ]);
});

test('lsblk of util-linux 2.33 and of newer ones', () => {
  const entry = { path: '/dev/sda1', type: 'part', 'maj:min': '  8:1  ', pkname: '/dev/sda' };
  const wanted = { path: '/dev/sda1', type: 'part', sizeBytes: 1024, device: '8:1', parentPath: '/dev/sda' };
  expect(parseLsblk(JSON.stringify({ blockdevices: [{ ...entry, size: '1024', mountpoints: [null] }] }))).toEqual([
    { ...wanted, mountPoints: [] },
  ]);
  expect(
    parseLsblk(JSON.stringify({ blockdevices: [{ ...entry, size: 1024, mountpoints: ['/', '[SWAP]'] }] })),
  ).toEqual([{ ...wanted, mountPoints: ['/', '[SWAP]'] }]);
  for (const bad of ['', '{}', '{"blockdevices": [{}]}']) expect(() => parseLsblk(bad)).toThrow('lsblk answered');
});

describe('what tests of others use', () => {
  test('a manual clock', async () => {
    const clock = new ManualClock(1000);
    const controller = new AbortController();
    const order: string[] = [];
    const first = clock.sleep(100).then(() => order.push('first'));
    const second = clock.sleep(50).then(() => order.push('second'));
    const aborted = clock.sleep(10_000, controller.signal);
    expect(clock.sleeping).toBe(3);
    clock.advance(100);
    await Promise.all([first, second]);
    expect(order).toEqual(['second', 'first']);
    expect([clock.now(), clock.monotonic()]).toEqual([1100, 100]);
    clock.jumpTo(5);
    expect([clock.now(), clock.monotonic()]).toEqual([5, 100]);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(clock.sleeping).toBe(0);
  });

  test('a logger that remembers, with the fields of its parents', () => {
    const logger = new RecordingLogger();
    logger.child({ partition: 'a' }).child({ step: 1 }).warn('message', { step: 2 });
    expect(logger.records).toEqual([{ level: 'warn', message: 'message', fields: { partition: 'a', step: 2 } }]);
    expect(logger.messages('warn')).toEqual(['message']);
    expect(logger.messages('error')).toEqual([]);
  });

  test('free space that a test chooses, by mount point', async () => {
    const port = new MemoryDisks({ free: { '/srv': 10n } });
    expect(await port.freeSpace('/srv/slapgrid')).toBe(10n);
    port.setFree('/srv', 20n);
    expect(await port.freeSpace('/srv')).toBe(20n);
    expect(await port.freeSpace('/other')).toBe(1024n ** 4n);
  });
});
