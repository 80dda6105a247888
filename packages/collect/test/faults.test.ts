import { execFileSync } from 'node:child_process';
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createLinuxHost } from '@slapos/host';
import { MemoryCommandRunner } from '@slapos/host/testing';
import SqliteDatabase from 'better-sqlite3';
import { execa } from 'execa';
import { build } from 'tsup';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { RecordedNode } from './support/recorded-node.js';
import { rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'EINTR'] as const;
/** Every call of the system that a run makes itself, but close: an error of close says nothing that fsync did not. */
const CALLS = [
  'openSync',
  'fstatSync',
  'lstatSync',
  'readSync',
  'writeSync',
  'fchmodSync',
  'renameSync',
  'mkdirSync',
  'readdirSync',
  'unlinkSync',
  'rmdirSync',
] as const;
/** Points of a run for each code. */
const POINTS = rounds(1, 500);
const CALLS_MORE_OR_LESS = 4;
const KILLS = rounds(3, 200);
const PACKAGE = path.join(import.meta.dirname, '..');

const isRoot = process.geteuid?.() === 0;
let root: string;
let node: RecordedNode;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'slapos-faults-'));
  node = new RecordedNode(root);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await node[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

/** Counts the calls that concern the node's files, and lets the one with this number fail. */
function injectAt(
  failing: number,
  code: string,
): { readonly count: () => number; readonly failed: () => string | undefined } {
  let count = 0;
  let failed: string | undefined;
  for (const call of CALLS) {
    const original: (...args: never[]) => unknown = fs[call];
    const watched = function (this: unknown, ...args: never[]): unknown {
      // What is read about processes is not the disk's business.
      if (/^\/proc\/?(?!self\/fd\/)/.test(String(args[0]))) return Reflect.apply(original, this, args);
      count += 1;
      if (count !== failing) return Reflect.apply(original, this, args);
      failed = `${call} ${String(args[0])}`;
      throw Object.assign(new Error(`${code}: injected, ${call}`), { code, syscall: call });
    };
    vi.spyOn(fs, call).mockImplementation(watched as never);
  }
  return { count: () => count, failed: () => failed };
}

function wholeText(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${wholeText(error.cause)}` : '';
}

test(
  'a call of the system that fails is told with its path, and the next run makes all good',
  async () => {
    // What a first run loads is no step of a run.
    node.begin();
    await node.run();
    node.begin();
    const counter = injectAt(0, '');
    expect((await node.run()).problems).toEqual([]);
    const total = counter.count();
    vi.restoreAllMocks();
    const wanted = node.endState();
    let points = 0;
    for (const [index, code] of CODES.entries()) {
      for (let point = 0; point < POINTS; point += 1) {
        const share = (point + (index + 0.5) / CODES.length) / POINTS;
        // A run makes a few calls more or fewer, as the machine has processes.
        const failing = 1 + Math.floor(share * (total - CALLS_MORE_OR_LESS));
        node.begin();
        const injection = injectAt(failing, code);
        let told: string | undefined;
        try {
          const { problems } = await node.run();
          if (problems.length > 0) told = problems.join('\n');
        } catch (error) {
          told = wholeText(error);
        }
        const failed = injection.failed();
        vi.restoreAllMocks();
        const where = `${code} at ${String(failing)} of ${String(total)}, ${String(failed)}`;
        expect(failed, where).toBeDefined();
        points += 1;
        if (told !== undefined) expect(told, where).toContain(root);
        expect((await node.run()).problems, where).toEqual([]);
        expect(node.endState(), where).toEqual(wanted);
      }
    }
    expect(points).toBe(CODES.length * POINTS);
  },
  TORTURE_TIMEOUT_MS,
);

test(
  'a run that is killed at any of its steps is made good by the next one',
  async () => {
    const outDir = path.join(PACKAGE, 'test-results', 'programs');
    await build({
      config: false,
      silent: true,
      entry: { 'killed-run': path.join(import.meta.dirname, 'programs', 'killed-run.ts') },
      outDir,
      format: 'esm',
      outExtension: () => ({ js: '.js' }),
      target: 'node20',
      platform: 'node',
      dts: false,
      clean: true,
    });
    node.begin();
    expect((await node.run()).problems).toEqual([]);
    const wanted = node.endState();
    const killedRun = path.join(outDir, 'killed-run.js');
    const runUntil = async (
      point: number,
    ): Promise<{ readonly signal?: string | undefined; readonly count: number }> => {
      const { signal, stdout } = await execa(process.execPath, [killedRun, root, String(point)], { reject: false });
      return { signal, count: Number(stdout) };
    };
    node.begin();
    const { count: total } = await runUntil(0);
    expect(total).toBeGreaterThan(50);
    for (let index = 0; index < KILLS; index += 1) {
      const point = 1 + Math.floor(((index + 0.5) * total) / KILLS);
      node.begin();
      expect((await runUntil(point)).signal, `step ${String(point)}`).toBe('SIGKILL');
      // What is in the outbox by then is sent before the next run.
      const outbox = node.inRoot('var', 'xml_report', 'COMP-1');
      const sent = fs.existsSync(outbox) ? fs.readdirSync(outbox) : [];
      for (const name of sent) fs.renameSync(path.join(outbox, name), node.inRoot(name));
      expect((await node.run()).problems).toEqual([]);
      expect(fs.readdirSync(outbox).filter((name) => sent.includes(name))).toEqual([]);
      for (const name of sent) fs.renameSync(node.inRoot(name), path.join(outbox, name));
      expect(node.endState(), `killed at step ${String(point)} of ${String(total)}`).toEqual(wanted);
    }
  },
  TORTURE_TIMEOUT_MS,
);

test('a full disk loses nothing of what was measured, and is told; with space again all is made good', async () => {
  expect(isRoot, 'this test mounts a small disk: run it as root').toBe(true);
  node.begin();
  await node.run();
  const wanted = node.endState();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0755', 'tmpfs', root]);
  try {
    for (const freeKib of [0, 8, 40, 200]) {
      node.begin();
      const before = node.query("select * from user where date = '2026-11-23'");
      const { bavail, bsize } = fs.statfsSync(root);
      writeFileSync(path.join(root, 'ballast'), Buffer.alloc(bavail * bsize - freeKib * 1024));
      let told = '';
      try {
        told = (await node.run()).problems.join('\n');
      } catch (error) {
        told = wholeText(error);
      }
      if (freeKib < 40) {
        expect(told).toContain(root);
        expect(told).toMatch(/full|no space|ENOSPC|disk I\/O/i);
      }
      expect(node.query("select * from user where date = '2026-11-23'").slice(0, before.length)).toEqual(before);
      rmSync(path.join(root, 'ballast'));
      expect((await node.run()).problems, `${String(freeKib)} KiB were free`).toEqual([]);
      expect(node.endState(), `${String(freeKib)} KiB were free`).toEqual(wanted);
    }
  } finally {
    execFileSync('umount', ['--lazy', root]);
  }
});

/** What a hostile instance can put in a place, for a canary in the folder of another one. */
const KINDS: Readonly<Record<string, (place: string, canary: string) => void>> = {
  link: (place, canary) => fs.symlinkSync(canary, place),
  'link to a folder': (place, canary) => fs.symlinkSync(path.dirname(canary), place),
  'link to nothing': (place) => fs.symlinkSync(path.join(root, 'made-by-root'), place),
  'hard link': (place, canary) => fs.linkSync(canary, place),
  FIFO: (place) => void execFileSync('mkfifo', [place]),
  device: (place) => void execFileSync('mknod', [place, 'c', '1', '3']),
  folder: (place) => {
    fs.mkdirSync(place);
    writeFileSync(path.join(place, 'own'), '');
  },
};
const PLACES = [
  '.slapgrid',
  '.slapgrid/monitor',
  '.slapgrid/monitor/monitor_resource_process.data.json',
  '.slapgrid/monitor/monitor_resource_memory.data.json',
  '.slapgrid/monitor/monitor_resource_io.data.json',
  '.slapgrid/monitor/monitor_resource.status.json',
  '.slapgrid/monitor/monitor_process_resource.status.json',
  '.slapgrid/monitor/monitor_resource_io.data.json.broken',
  'DATA',
  'DATA/disk',
];

test('nothing that an instance puts in the place of a file is written or measured through, and no other instance suffers', async () => {
  const cases = PLACES.flatMap((place) => Object.keys(KINDS).map((kind) => ({ place, kind })));
  node.begin();
  const canary = node.inRoot('victim', 'canary');
  fs.mkdirSync(path.dirname(canary));
  writeFileSync(canary, 'untouched', { mode: 0o600 });
  const database = new SqliteDatabase(node.databaseFile);
  const copy = database.prepare(
    "insert into user select ?, pid, process, cpu_percent, cpu_time, cpu_num_threads, memory_percent, memory_rss, io_rw_counter, io_cycles_counter, date, time, 0 from user where partition = 'slapuser0' and date = '2026-11-23'",
  );
  for (const [index, { place, kind }] of cases.entries()) {
    copy.run(`slapuser${String(index + 1)}`);
    const target = node.inRoot(`slappart${String(index + 1)}`, place);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    KINDS[kind]!(target, canary);
  }
  database.close();
  const before = fs.lstatSync(canary);
  const measured: string[] = [];
  await using host = createLinuxHost();
  const commands = new MemoryCommandRunner(({ file, args }) => {
    if (file === 'du') measured.push(args.at(-1)!);
    return file === 'sensors' ? { exitCode: 1, output: 'No sensors found!' } : { output: '4096\t/x\n' };
  });
  const real = new Set(['tar', 'sync']);
  const options = node.options({ partition_amount: String(cases.length + 1), report_disk_usage: 'true' });
  const { problems } = await node.run(options, {
    run: (command, more) => (real.has(command.file) ? host.commands : commands).run(command, more),
  });
  // Each trouble is of one partition, and names it.
  for (const problem of problems) expect(problem).toMatch(/slappart[1-9]\d*/);
  const { mtimeMs: _, ...after } = fs.lstatSync(canary);
  expect(after).toMatchObject({
    mode: before.mode,
    uid: before.uid,
    gid: before.gid,
    size: before.size,
    ino: before.ino,
  });
  expect(fs.readFileSync(canary, 'utf8')).toBe('untouched');
  expect(fs.readdirSync(path.dirname(canary))).toEqual(['canary']);
  expect(fs.existsSync(node.inRoot('made-by-root'))).toBe(false);
  expect(measured.filter((folder) => !folder.startsWith(node.inRoot('slappart')))).toEqual([]);
  const sound = fs.readFileSync(
    node.inRoot('slappart0', '.slapgrid', 'monitor', 'monitor_resource_process.data.json'),
    'utf8',
  );
  expect((JSON.parse(sound) as { data: string[] }).data).toHaveLength(2);
});
