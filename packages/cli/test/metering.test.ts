import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { messages, runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

/** One partition burns a processor, the other sleeps. */
const BURN = 'while :; do :; done';
const SLEEP = 'read line';
const USER_BASE = `slhmeter${process.pid}x`;
const PATIENCE = { timeout: 30_000, interval: 50 };

const partitions: ChildProcess[] = [];
let folder: string;
let uid: number;

beforeAll(async () => {
  expect(process.geteuid?.(), 'these tests measure processes of other users: run them as root').toBe(0);
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-metering-'));
  await chmod(folder, 0o755);
  for (const [index, script] of [BURN, SLEEP].entries()) {
    const name = `${USER_BASE}${index}`;
    execFileSync('useradd', ['--no-create-home', '--user-group', name]);
    uid = Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
    await mkdir(at('inst', `slappart${index}`), { recursive: true });
    await chown(at('inst', `slappart${index}`), uid, uid);
    partitions.push(spawn('sh', ['-c', script], { uid, gid: uid, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] }));
  }
  await writeFile(
    at('slapos.cfg'),
    `[slapos]
computer_id = COMP-7
master_url = http://127.0.0.1:9/
instance_root = ${at('inst')}
software_root = ${at('soft')}
[slapformat]
partition_amount = 2
user_base_name = ${USER_BASE}
partition_base_name = slappart
[collect]
enable = true
[daemon]
software_period = never
instance_period = never
report_period = never
format_period = never
collect_period = 1s
`,
  );
});

afterAll(async () => {
  for (const partition of partitions) {
    partition.kill('SIGKILL');
    await once(partition, 'close');
  }
  for (const index of partitions.keys()) execFileSync('userdel', [`${USER_BASE}${index}`]);
  await rm(folder, { recursive: true });
});

function at(...names: string[]): string {
  return path.join(folder, ...names);
}

function slapos(...words: string[]): ReturnType<typeof runSlapos> {
  return runSlapos(['node', ...words, '--cfg', at('slapos.cfg')]);
}

/** Runs a command as the user of a partition. */
async function asTenant(...words: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [SLAPOS_BIN, 'node', ...words, '--cfg', at('slapos.cfg')], {
    uid,
    gid: uid,
    env: { PATH: process.env['PATH'], HOME: '/' },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, stdout, stderr };
}

interface Document {
  readonly kind: string;
  readonly machine: Readonly<Record<string, number>>;
  readonly items: readonly Readonly<Record<string, string | number | null>>[];
}

describe('before anything was measured', () => {
  it('node usage says what to do', async () => {
    const { exitCode, stderr } = await slapos('usage');
    expect({ exitCode, log: messages(stderr) }).toMatchObject({
      exitCode: 1,
      log: expect.stringMatching(/There are no measurements:[^]*hint: slapos node collect/) as string,
    });
  });
});

describe('slapos node collect', () => {
  it('measures, and keeps it where everybody can read it', async () => {
    const { exitCode, stderr } = await slapos('collect', '--write-json');
    expect(messages(stderr).split('\n')).toEqual([
      `${at('slapos.cfg')}: [collect] enable: older versions do not read it; write report_disk_usage`,
      'Collecting data...',
      '2 processes of 2 partitions were measured.',
      'Finished collecting.',
      '='.repeat(80),
      '',
    ]);
    expect(exitCode).toBe(0);
    expect(await readdir(at('inst', 'var', 'data-log'))).toEqual(
      expect.arrayContaining(['collector.db', 'system_loadavg.csv', 'system_loadavg.json']),
    );
    expect((await stat(at('inst', 'var', 'data-log', 'collector.db'))).mode & 0o777).toBe(0o644);
  });

  it('is for root alone', async () => {
    const { exitCode, stderr } = await asTenant('collect');
    expect(exitCode).toBe(5);
    expect(messages(stderr)).toContain('You HAVE TO execute this script with root permission.');
  });

  it('names the key that is wrong', async () => {
    await writeFile(at('wrong.cfg'), '[slapos]\ninstance_root = here\n[slapformat]\npartition_amount = many\n');
    const { exitCode, stderr } = await runSlapos(['node', 'collect', '--cfg', at('wrong.cfg')]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('[slapos] instance_root = "here": expected an absolute path');
    expect(stderr).toContain('[slapformat] partition_amount = "many": expected a number');
    expect(stderr).toContain('[slapos] computer_id: it is missing');
  });
});

describe('slapos node usage', () => {
  it('sums up what was measured, for anybody', async () => {
    const { exitCode, stdout } = await asTenant('usage', '--since', '1h', '--output', 'json');
    expect(exitCode).toBe(0);
    const { kind, items, machine } = JSON.parse(stdout) as Document;
    expect(kind).toBe('NodeUsage');
    expect(items.map(({ partition, user }) => [partition, user])).toEqual([
      ['slappart0', `${USER_BASE}0`],
      ['slappart1', `${USER_BASE}1`],
    ]);
    const [burning, sleeping] = items;
    // The machine may have much other work: any share of a processor tells them apart.
    expect(burning?.['cpuPercent']).toBeGreaterThan(1);
    expect(sleeping).toMatchObject({ cpuPercent: 0, processes: 1, diskBytes: null });
    expect(sleeping?.['memoryBytes']).toBeGreaterThan(100_000);
    expect(machine['measurements']).toBeGreaterThan(0);
  });

  it('is a table, CSV or YAML, of the partitions that are named', async () => {
    const table = await slapos('usage', '--columns', 'partition,processes', '--only-cp', 'slappart1');
    expect(table.stdout).toBe('PARTITION  PROCESSES\nslappart1  1.0\n');
    const csv = (await slapos('usage', '--output', 'csv')).stdout.split('\r\n');
    expect(csv[0]).toMatch(/^partition,user,firstAt,lastAt,measurements,cpuPercent,/);
    expect(csv.slice(1).map((line) => line.split(',')[0])).toEqual(['slappart0', 'slappart1', '']);
    const yaml = await slapos('usage', '--output', 'yaml');
    expect(parse(yaml.stdout)).toMatchObject({ kind: 'NodeUsage' });
  });

  it('knows nothing of other times', async () => {
    const { exitCode, stdout, stderr } = await slapos('usage', '--since', '2020-01-01', '--until', '2020-01-02 12:00');
    expect({ exitCode, rows: stdout.trim().split('\n').length }).toEqual({ exitCode: 0, rows: 1 });
    expect(messages(stderr)).toContain(
      'Nothing was measured between 2020-01-01T00:00:00.000Z and 2020-01-02T12:00:00.000Z.',
    );
  });

  it.each([
    [['--since', 'tomorrow'], "argument --since: 'tomorrow' is no instant: expected a time ago"],
    [['--since', '2026-02-30T99:00'], 'argument --since:'],
    [['--since', '1h', '--until', '2h'], 'argument --since:'],
    [
      ['--output', 'xml'],
      "argument --output: invalid choice: 'xml' (choose from 'text', 'table', 'json', 'yaml', 'csv')",
    ],
  ])('refuses %j', async (words, message) => {
    const { exitCode, stderr } = await slapos('usage', ...words);
    expect({ exitCode, named: stderr.includes(message) }, stderr).toEqual({ exitCode: 2, named: true });
  });
});

describe('slapos node top', () => {
  it('shows what runs, the greatest first', async () => {
    const { exitCode, stdout } = await slapos('top', '--interval', '1', '--sort', 'cpu');
    expect(exitCode).toBe(0);
    const [machine, , heading, ...rows] = stdout.trimEnd().split('\n');
    expect(machine).toMatch(/^load \d+\.\d\d {3}processors \d+\.\d % {3}memory .+ of .+iB$/);
    expect(heading).toMatch(/^PARTITION +USER +PROCESSES/);
    expect(rows.map((row) => row.split(/ +/)[0])).toEqual(['slappart0', 'slappart1']);
  });

  it('is a document, too', async () => {
    const { stdout } = await slapos('top', '--once', '--interval', '1', '--json', '--only-cp', 'slappart0');
    const { items } = JSON.parse(stdout) as Document;
    expect(items).toEqual([expect.objectContaining({ partitionId: 'slappart0', processes: 1 })]);
    expect(items[0]?.['cpuPercent']).toBeGreaterThan(1);
  });
});

describe('slapos node run', () => {
  it('measures at its period, and tells the figures of partitions with its metrics', async () => {
    const socketPath = at('health.sock');
    const words = ['node', 'run', '--cfg', at('slapos.cfg'), '--listen', `unix:${socketPath}`];
    const daemon = spawn(process.execPath, [SLAPOS_BIN, ...words], { stdio: 'ignore' });
    const ended = once(daemon, 'close');
    const ask = async (place: string): Promise<string> => {
      const [answer] = (await once(get({ socketPath, path: place }), 'response')) as [IncomingMessage];
      return text(answer);
    };
    try {
      await vi.waitFor(
        async () =>
          expect(await ask('/metrics')).toMatch(/^slapos_pass_runs_total\{pass="collect",outcome="success"\} [1-9]/m),
        PATIENCE,
      );
      const metrics = await ask('/metrics');
      expect(metrics).toMatch(/^slapos_partition_processes\{partition="slappart1"\} 1$/m);
      expect(metrics).toMatch(/^slapos_partition_memory_bytes\{partition="slappart0"\} \d{5,}$/m);
      // A family is told once.
      const families = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
      expect(new Set(families).size).toBe(families.length);
    } finally {
      daemon.kill('SIGTERM');
      await ended;
    }
    expect(daemon.exitCode).toBe(0);
  });
});
