import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createLinuxHost, type Host, LinuxLocks, systemClock } from '@slapos/host';
import { MemoryCommandRunner } from '@slapos/host/testing';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  collect,
  type CollectOptions,
  collectOptionsFromSection,
  collectSectionSchema,
  ProcFolder,
} from '../src/index.js';

const FIXTURES = path.join(import.meta.dirname, 'fixtures');
const SECOND_RUN = path.join(FIXTURES, 'after-two-runs');
const IN_THE_NEXT_MINUTE = Date.parse('2026-11-23T05:21:00Z');

let root: string;
let host: ReturnType<typeof createLinuxHost>;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'slapos-collect-'));
  chmodSync(root, 0o755);
  host = createLinuxHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

function options(change: Partial<CollectOptions> = {}): CollectOptions {
  const section = collectSectionSchema.parse({
    instance_root: root,
    computer_id: 'COMP-1',
    partition_amount: '2',
    user_base_name: 'slapuser',
    partition_base_name: 'slappart',
  });
  return { ...collectOptionsFromSection(section), ...change };
}

/** The machine, but at a given time, and with users that need not exist. */
function machineAt(now: number, uid = 61_234): Pick<Host, 'commands' | 'users' | 'clock' | 'locks'> {
  return {
    commands: host.commands,
    locks: new LinuxLocks(),
    clock: { ...systemClock, now: () => now },
    users: {
      ...host.users,
      byName: async (name) =>
        name === 'slapuser0' ? { name, uid, gid: uid, home: root, shell: '/bin/sh' } : undefined,
      byUid: async () => undefined,
      groupByGid: async () => undefined,
      groupByName: async () => undefined,
    },
  };
}

function databaseFrom(dump: string): void {
  mkdirSync(path.join(root, 'var', 'data-log'), { recursive: true });
  const database = new SqliteDatabase(databaseFile());
  database.exec(readFileSync(path.join(FIXTURES, dump), 'utf8'));
  database.close();
}

const databaseFile = (): string => path.join(root, 'var', 'data-log', 'collector.db');
const inRoot = (...names: string[]): string => path.join(root, ...names);

function rows(query: string): unknown[] {
  const database = new SqliteDatabase(databaseFile(), { readonly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}

function archived(archive: string, file: string): string {
  return execFileSync('tar', ['-xOzf', inRoot('var', 'data-log', archive), file], { encoding: 'utf8' });
}

test('a database of the Python node goes on, and its past days get the documents that the Python node makes', async () => {
  databaseFrom('after-one-run.sql');
  mkdirSync(inRoot('slappart0', '.slapgrid'), { recursive: true });
  const result = await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  expect(result).toMatchObject({ ran: true, problems: [] });
  for (const date of ['2026-11-21', '2026-11-22']) {
    const wanted = readFileSync(path.join(SECOND_RUN, 'consumption-report', `${date}.xml`), 'utf8');
    expect(readFileSync(inRoot('var', 'consumption-report', `${date}.xml`), 'utf8')).toBe(wanted);
    expect(readFileSync(inRoot('var', 'xml_report', 'COMP-1', `${date}.xml`), 'utf8')).toBe(wanted);
  }
  const before = path.join(SECOND_RUN, 'data-log', '2026-11-22.tar.gz');
  for (const table of ['computer', 'disk', 'folder', 'heating', 'system', 'temperature', 'user']) {
    const member = `2026-11-22/dump_${table}.csv`;
    expect(archived('2026-11-22.tar.gz', member)).toBe(
      execFileSync('tar', ['-xOzf', before, member], { encoding: 'utf8' }),
    );
  }
  expect(existsSync(inRoot('var', 'data-log', '2026-11-22'))).toBe(false);
  expect(rows("select distinct date, reported from user where date = '2026-11-22'")).toEqual([
    { date: '2026-11-22', reported: 1 },
  ]);
  expect(rows("select count(*) as n from system where date = '2026-11-23'")).toEqual([{ n: 2 }]);
  expect(statSync(databaseFile()).mode & 0o777).toBe(0o644);
  expect(rows('pragma journal_mode')).toEqual([{ journal_mode: 'delete' }]);
});

test('files of a partition are those of the Python node, about the minute before', async () => {
  databaseFrom('after-one-run.sql');
  mkdirSync(inRoot('slappart0', '.slapgrid'), { recursive: true });
  await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  const monitor = inRoot('slappart0', '.slapgrid', 'monitor');
  const recorded = path.join(SECOND_RUN, 'slappart0-monitor');
  // The original was recorded while the folder was measured in the minute of its first run.
  for (const name of ['process', 'memory', 'io'].map((kind) => `monitor_resource_${kind}.data.json`)) {
    const wanted = readFileSync(path.join(recorded, name), 'utf8').replace(/"date": [\d.]+/, '');
    expect(readFileSync(path.join(monitor, name), 'utf8').replace(/"date": [\d.]+/, '')).toBe(wanted);
  }
  expect(readFileSync(path.join(monitor, 'monitor_resource.status.json'), 'utf8')).toBe(
    readFileSync(path.join(recorded, 'monitor_resource.status.json'), 'utf8'),
  );
  const processes = JSON.parse(
    readFileSync(path.join(monitor, 'monitor_process_resource.status.json'), 'utf8'),
  ) as Record<string, unknown>[];
  const live = new Set(['name', 'command', 'user', 'date']);
  const wanted = (
    JSON.parse(readFileSync(path.join(recorded, 'monitor_process_resource.status.json'), 'utf8')) as Record<
      string,
      unknown
    >[]
  ).map((process) => Object.fromEntries(Object.entries(process).filter(([key]) => !live.has(key))));
  expect(processes).toEqual(wanted);
  expect(statSync(path.join(monitor, 'monitor_process_resource.status.json')).mode & 0o777).toBe(0o640);
  await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  const grown = JSON.parse(readFileSync(path.join(monitor, 'monitor_resource_process.data.json'), 'utf8')) as {
    data: string[];
  };
  expect(grown.data).toHaveLength(3);
});

test('series of today leave out the first row of the machine, not of disks', async () => {
  databaseFrom('after-one-run.sql');
  await collect(options({ measuresFolders: false, writesJson: true }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  const lines = readFileSync(inRoot('var', 'data-log', 'system_loadavg.csv'), 'utf8').split('\r\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^2026-11-23 05:21:00,\d+\.\d+$/);
  expect(readFileSync(inRoot('var', 'data-log', 'system_disk_memory_used__dev_vda.csv'), 'utf8')).toMatch(
    /^time,entry\r\n2026-11-23 05:20:30,28815612\.0\r\n/,
  );
  const asJson = JSON.parse(readFileSync(inRoot('var', 'data-log', 'system_loadavg.json'), 'utf8')) as unknown[];
  expect(asJson).toEqual([{ entry: Number(lines[1]!.split(',')[1]), time: '2026-11-23 05:21:00' }]);
});

test('rows of days that are no longer kept go only after they were dumped; the heating test stays', async () => {
  databaseFrom('after-one-run.sql');
  const database = new SqliteDatabase(databaseFile());
  database.exec(`
    INSERT INTO folder VALUES ('slapuser1', 5000.0, '2026-11-01', '01:00:00', 0);
    INSERT INTO system SELECT loadavg, cpu_percent, memory_used, memory_free, 0, 0, 0, 0, 0, 0, '2026-11-09', '01:00:00', 1 FROM system LIMIT 1;
    INSERT INTO system SELECT loadavg, cpu_percent, memory_used, memory_free, 0, 0, 0, 0, 0, 0, '2026-11-08', '01:00:00', 1 FROM system LIMIT 1;
    INSERT INTO system SELECT loadavg, cpu_percent, memory_used, memory_free, 0, 0, 0, 0, 0, 0, '2027-01-01', '01:00:00', 1 FROM system LIMIT 1;
    INSERT INTO heating VALUES ('nuc_i7', 's', 40, 60, 300, 100, '2026-01-01', '00:00:00', 1);`);
  database.close();
  await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  expect(rows('select distinct date from system order by date')).toEqual(
    ['2026-11-09', '2026-11-22', '2026-11-23'].map((date) => ({ date })),
  );
  expect(rows("select count(*) as n from folder where date = '2026-11-01'")).toEqual([{ n: 0 }]);
  expect(archived('2026-11-01.tar.gz', '2026-11-01/dump_folder.csv')).toBe(
    'slapuser1,5000.0,2026-11-01,01:00:00,0\r\n',
  );
  expect(rows('select count(*) as n from heating')).toEqual([{ n: 1 }]);
  expect(rows('pragma freelist_count')).toEqual([{ freelist_count: 0 }]);
});

test('without days to keep, what is dumped goes at once, and what is of today stays', async () => {
  databaseFrom('after-one-run.sql');
  await collect(options({ measuresFolders: false, keptDays: 0 }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  expect(rows('select distinct date from system')).toEqual([{ date: '2026-11-23' }]);
  expect(rows('select distinct date from user')).toEqual([{ date: '2026-11-23' }]);
  expect(archived('2026-11-22.tar.gz', '2026-11-22/dump_system.csv')).toContain('2026-11-22,02:00:01');
});

test('an archive is never overwritten, and one that was made before a crash is not made twice', async () => {
  databaseFrom('after-one-run.sql');
  await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  const dataLog = inRoot('var', 'data-log');
  execFileSync('tar', ['-xzf', '2026-11-22.tar.gz'], { cwd: dataLog });
  await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  expect(readdirSync(dataLog).filter((name) => name.startsWith('2026'))).toEqual(['2026-11-22.tar.gz']);
  const database = new SqliteDatabase(databaseFile());
  database.exec("INSERT INTO folder VALUES ('slapuser1', 7000.0, '2026-11-22', '23:00:00', 0)");
  database.close();
  await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  expect(readdirSync(dataLog).filter((name) => name.startsWith('2026'))).toEqual([
    '2026-11-22.1.tar.gz',
    '2026-11-22.tar.gz',
  ]);
  expect(archived('2026-11-22.1.tar.gz', '2026-11-22/dump_folder.csv')).toContain('slapuser1,7000.0');
});

test('a link in the place of a partition’s monitor folder or file is not followed', async () => {
  databaseFrom('after-one-run.sql');
  const victim = inRoot('victim');
  mkdirSync(victim);
  writeFileSync(path.join(victim, 'canary'), 'untouched');
  mkdirSync(inRoot('slappart0', '.slapgrid'), { recursive: true });
  symlinkSync(victim, inRoot('slappart0', '.slapgrid', 'monitor'));
  const refused = await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  expect(refused.problems).toHaveLength(1);
  expect(refused.problems[0]).toContain('monitor');
  expect(readdirSync(victim)).toEqual(['canary']);
  rmSync(inRoot('slappart0', '.slapgrid', 'monitor'));
  const monitor = inRoot('slappart0', '.slapgrid', 'monitor');
  mkdirSync(monitor);
  for (const name of ['monitor_resource.status.json', 'monitor_resource_process.data.json']) {
    symlinkSync(path.join(victim, 'canary'), path.join(monitor, name));
  }
  const done = await collect(options({ measuresFolders: false }), { host: machineAt(IN_THE_NEXT_MINUTE) });
  expect(done.problems).toEqual([]);
  expect(readFileSync(path.join(victim, 'canary'), 'utf8')).toBe('untouched');
  expect(lstatSync(path.join(monitor, 'monitor_resource_process.data.json')).isFile()).toBe(true);
});

test('a second run at the same time does nothing', async () => {
  mkdirSync(inRoot('var', 'run'), { recursive: true });
  await using _held = await new LinuxLocks().acquire(inRoot('var', 'run', 'slapos-collect.pid'));
  expect(await collect(options(), { host: machineAt(IN_THE_NEXT_MINUTE) })).toMatchObject({ ran: false });
  expect(existsSync(databaseFile())).toBe(false);
});

test('a file that is no database is refused with what to do, and not touched', async () => {
  mkdirSync(inRoot('var', 'data-log'), { recursive: true });
  writeFileSync(databaseFile(), 'x'.repeat(8192));
  await expect(collect(options(), { host: machineAt(IN_THE_NEXT_MINUTE) })).rejects.toMatchObject({
    code: 'COLLECT_DATABASE_BROKEN',
    hint: expect.stringContaining('Move the file away') as string,
  });
  expect(readFileSync(databaseFile(), 'utf8')).toBe('x'.repeat(8192));
});

test('sensors and quotas that fail are told, and end nothing', async () => {
  const commands = new MemoryCommandRunner(({ file }) =>
    file === 'sensors'
      ? { exitCode: 3, stderr: 'broken bus' }
      : file === 'du'
        ? { output: '4096\t/x\n' }
        : { exitCode: 1 },
  );
  mkdirSync(inRoot('slappart0'));
  const machine = { ...machineAt(IN_THE_NEXT_MINUTE), commands };
  const result = await collect(options({ usesQuota: true }), { host: machine });
  expect(result.problems).toEqual(['The temperatures cannot be read: sensors -u failed: broken bus']);
  expect(rows('select partition, disk_used from folder')).toEqual([{ partition: 'slapuser0', disk_used: 4096 }]);
});

test('quota is asked first, by the device of the folder', async () => {
  const commands = new MemoryCommandRunner(({ file }) => {
    if (file === 'df') return { output: 'Filesystem\n/dev/vdb1\n' };
    if (file === 'quota')
      return {
        exitCode: 1,
        output:
          'Disk quotas for user slapuser0 (uid 1):\n Filesystem blocks quota limit grace files quota limit grace\n /dev/vda1 7 0 0 0 1 0 0 0\n /dev/vdb1 20480* 10000 20000 0 3 0 0 0\n',
      };
    return { exitCode: file === 'sensors' ? 1 : 0, output: 'No sensors found!' };
  });
  mkdirSync(inRoot('slappart0'));
  await collect(options({ usesQuota: true }), { host: { ...machineAt(IN_THE_NEXT_MINUTE), commands } });
  expect(rows('select partition, disk_used from folder')).toEqual([{ partition: 'slapuser0', disk_used: 20480 }]);
  expect(commands.commands.some(({ file }) => file === 'du')).toBe(false);
});

test('a folder is measured once a cycle, small ones too; its size is that of du', async () => {
  mkdirSync(inRoot('slappart0'));
  writeFileSync(inRoot('slappart0', 'data'), Buffer.alloc(3 * 1024 * 1024, 'x'));
  mkdirSync(inRoot('slappart1'));
  await collect(options(), { host: machineAt(IN_THE_NEXT_MINUTE) });
  const du = Number(execFileSync('du', ['-sk', inRoot('slappart0')], { encoding: 'utf8' }).split('\t')[0]);
  expect(rows('select partition, disk_used from folder')).toEqual([{ partition: 'slapuser0', disk_used: du }]);
  const commands = new MemoryCommandRunner(({ file }) => ({
    exitCode: file === 'sensors' ? 1 : 0,
    output: 'No sensors found!',
  }));
  const later = { ...machineAt(IN_THE_NEXT_MINUTE + 60_000), commands };
  await collect(options(), { host: later });
  expect(commands.commands.filter(({ file }) => file === 'du')).toEqual([]);
  await collect(options({ folderCycleSeconds: 0 }), { host: later });
  expect(commands.commands.filter(({ file }) => file === 'du')).toHaveLength(2);
  expect(existsSync(inRoot('var', 'run', 'slapuser0_disk_size.pid'))).toBe(false);
});

test('a copy of /proc without anything in it is measured as nothing', async () => {
  const empty = inRoot('proc');
  mkdirSync(empty);
  const result = await collect(options({ measuresFolders: false }), {
    host: machineAt(IN_THE_NEXT_MINUTE),
    proc: new ProcFolder({ root: empty }),
  });
  expect(result).toMatchObject({ ran: true, processes: 0, problems: [] });
});
