import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createLinuxHost, LinuxLocks, systemClock } from '@slapos/host';
import SqliteDatabase from 'better-sqlite3';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';

import {
  collect,
  collectOptionsFromSection,
  collectSectionSchema,
  LiveMeter,
  openCollector,
  ProcFolder,
  useMetrics,
} from '../src/index.js';

/** A user that nobody has: its processes are those of this test. */
const UID = 61_777;
const BURN = 'while :; do :; done';

const isRoot = process.geteuid?.() === 0;

test('figures of a real load are those of ps and df', async () => {
  expect(isRoot, 'this test starts processes of another user: run it as root').toBe(true);
  const root = mkdtempSync(path.join(tmpdir(), 'slapos-load-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const end = new AbortController();
  const load = [
    ['-c', BURN],
    ['-c', 'read line'],
  ].map((args) =>
    execa('sh', args, { uid: UID, gid: UID, cwd: '/', cancelSignal: end.signal, reject: false, stdin: 'pipe' }),
  );
  onTestFinished(async () => {
    end.abort();
    await Promise.all(load);
  });
  await using host = createLinuxHost();
  const machine = {
    commands: host.commands,
    locks: new LinuxLocks(),
    clock: systemClock,
    users: {
      byName: async (name: string) =>
        name === 'slapuser0' ? { name, uid: UID, gid: UID, home: '/', shell: '/bin/sh' } : undefined,
      byUid: async () => undefined,
      groupByName: async () => undefined,
      groupByGid: async () => undefined,
    },
  };
  const options = collectOptionsFromSection(
    collectSectionSchema.parse({
      instance_root: root,
      computer_id: 'COMP-1',
      partition_amount: '1',
      user_base_name: 'slapuser',
      partition_base_name: 'slappart',
    }),
  );
  const proc = new ProcFolder();
  const meter = new LiveMeter(options.users, { users: machine.users, proc });
  await meter.look();
  const [burner] = load;
  const ticks = (): number => Number(proc.text(String(burner?.pid), 'stat').split(') ')[1]?.split(' ')[11] ?? '0');
  await expect.poll(ticks).toBeGreaterThan(20);
  const result = await collect(options, { host: machine });
  expect(result).toMatchObject({ processes: 2, problems: [] });

  const database = new SqliteDatabase(path.join(root, 'var', 'data-log', 'collector.db'), { readonly: true });
  onTestFinished(() => void database.close());
  const measured = database.prepare('select * from user order by cpu_percent desc').all() as Record<string, number>[];
  expect(measured.map(({ pid }) => pid)).toEqual(load.map(({ pid }) => pid));
  for (const row of measured) {
    const [rss = '', threads = ''] = execFileSync('ps', ['-o', 'rss=,nlwp=', '-p', String(row['pid'])], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    // Within 5 %: a shell can grow between the two.
    expect(Math.abs(row['memory_rss']! - Number(rss) * 1024)).toBeLessThanOrEqual(Number(rss) * 1024 * 0.05);
    expect(row['cpu_num_threads']).toBe(Number(threads));
  }
  // It has a processor as often as the machine lets it, and no more than one: 20 % more for ticks that are counted late.
  expect(measured[0]!['cpu_percent']).toBeGreaterThan(1);
  expect(measured[0]!['cpu_percent']).toBeLessThanOrEqual(120);
  expect(measured[1]!['cpu_percent']).toBeLessThanOrEqual(5);

  const disks = database.prepare('select * from disk').all() as {
    mountpoint: string;
    used: string;
    free: string;
    partition: string;
  }[];
  for (const { mountpoint, used, free, partition } of disks) {
    const line = execFileSync('df', ['-B1', '--output=source,used,avail', mountpoint], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1)!;
    const [source, dfUsed, dfFree] = line.trim().split(/\s+/);
    expect(partition).toBe(source);
    // Within 64 MiB or 1 %: other programs write meanwhile.
    const tolerance = Math.max(64 * 1024 * 1024, statfsSync(mountpoint).blocks * statfsSync(mountpoint).bsize * 0.01);
    expect(Math.abs(Number(used) - Number(dfUsed))).toBeLessThanOrEqual(tolerance);
    expect(Math.abs(Number(free) - Number(dfFree))).toBeLessThanOrEqual(tolerance);
  }

  const live = await meter.look();
  expect(live.partitions).toMatchObject([{ userName: 'slapuser0', partitionId: 'slappart0', processes: 2 }]);
  expect(live.partitions[0]!.cpuPercent).toBeGreaterThan(1);
  expect(await useMetrics(live)).toContain('slapos_partition_processes{partition="slappart0"} 2\n');

  await using reader = openCollector(path.join(root, 'var', 'data-log'));
  expect(await reader.usage()).toMatchObject([
    { partition: 'slapuser0', measurements: 1, processes: 2, diskKib: undefined },
  ]);
  expect(await reader.computerRows()).toHaveLength(1);
  expect((await reader.processRows('slapuser0')).map(({ pid }) => pid).sort()).toEqual(
    load.map(({ pid }) => pid).sort(),
  );
  expect(await reader.folderRows('slapuser0')).toEqual([]);
  expect(await reader.usage({ from: '2999-01-01 00:00:00' })).toEqual([]);
});
