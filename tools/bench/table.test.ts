import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { describeChange, formatTable } from './table.mjs';

const MACHINE = { node: 'v20', processor: 'a processor', cores: 2, memoryMegabytes: 1000 };

function result(medianMs: number, more: { spreadPercent?: number; goalMs?: number; goalReached?: boolean } = {}) {
  return {
    label: 'a case',
    sizes: { items: 1000 },
    repetitions: 5,
    medianMs,
    minMs: 1,
    maxMs: 9,
    spreadPercent: 2,
    ...more,
  };
}

function report(...cases: ReturnType<typeof result>[]) {
  return { name: 'example', row: 'P1', description: '', machine: MACHINE, cases };
}

const MAIN = path.join(import.meta.dirname, 'main.mjs');
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slapos-bench-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function bench(...args: string[]) {
  return promisify(execFile)(process.execPath, [MAIN, ...args]).catch((error: unknown) => error) as Promise<{
    stdout: string;
  }>;
}

test('a line for each case says whether its goal is reached', () => {
  const [header, first, second] = formatTable([
    report(result(12.345, { goalMs: 20, goalReached: true }), result(3, { goalMs: 2, goalReached: false })),
  ]).split('\n');
  expect(header?.split(/ {2,}/)).toEqual(['row', 'benchmark', 'case', 'median ms', '±%', 'goal ms', 'figures']);
  expect(first?.split(/ {2,}/)).toEqual(['P1', 'example', 'a case (items 1,000)', '12.3', '2', '20', 'reached']);
  expect(second).toContain('MISSED');
});

test('a change is told only when it is greater than the spread of both runs', () => {
  expect(describeChange(result(80), result(100))).toBe('−20.0 %');
  expect(describeChange(result(150), result(100))).toBe('+50.0 %');
  expect(describeChange(result(97), result(100))).toBe('within spread');
});

test('a case that the earlier run does not have is new', () => {
  expect(formatTable([report(result(3))], [report(result(6))])).toContain('−50.0 %');
  expect(formatTable([report(result(3))], [])).toContain('new');
});

test('every benchmark names a row of the goals, or none', async () => {
  const { stdout } = await bench('--list', '--json');
  const list = JSON.parse(stdout) as { name: string; row: string }[];
  expect(list.length).toBeGreaterThan(10);
  // T rows too: what is endured, when it is measured.
  for (const { row } of list) expect(row).toMatch(/^(-|[PT]\d+(, [PT]\d+)*)$/u);
});

test.each([
  [['nonsense'], 'There is no benchmark "nonsense"'],
  [['allocate', '--repetitions=2'], 'at least 5'],
  [['allocate', '--compare=nowhere.json'], 'nowhere.json'],
])('wrong arguments are told before anything is measured: %j', async (args, message) => {
  expect(await bench(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string });
});

test('a file that is not one of ours cannot be compared with', async () => {
  const file = path.join(folder, 'notes.json');
  await writeFile(file, 'no figures');
  expect(await bench('allocate', `--compare=${file}`)).toMatchObject({ code: 2 });
});
