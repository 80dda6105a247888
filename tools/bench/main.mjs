#!/usr/bin/env node
/**
 * `npm run bench` runs every benchmark and prints one table; `npm run bench -- NAME` runs one and says more of it; `--list` lists them.
 * `--save FILE` keeps the figures, `--compare FILE` shows them beside those that were kept, `--json` prints them as JSON.
 * `--repetitions N` asks for more than the five that are the least. The packages that a benchmark names are built first.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { loadBenchmarks } from './catalogue.mjs';
import { machineDescription, measureAll } from './measure.mjs';
import { describeMachine, formatReport } from './report.mjs';
import { formatTable } from './table.mjs';

/** @import { Benchmark } from './measure.mjs' */
/** @import { BenchmarkReport } from './table.mjs' */

const WORKSPACE_ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LEAST_REPETITIONS = 5;
const DEFAULT_REPETITIONS = 9;
const MAX_REPORT_BYTES = 10_000_000;

/** What was asked for cannot be done; the message says what to do instead. */
class UsageError extends Error {}

/** @param {readonly string[]} packages names of packages to build; their output goes to the error stream */
function build(packages) {
  if (packages.length === 0) return;
  execFileSync('npx', ['nx', 'run-many', '-t', 'build', '-p', packages.join(',')], {
    cwd: WORKSPACE_ROOT,
    stdio: ['ignore', process.stderr, process.stderr],
  });
}

/**
 * @param {Benchmark} benchmark
 * @param {number} repetitions
 * @returns {Promise<BenchmarkReport>}
 */
async function measure({ name, row, description, ...benchmark }, repetitions) {
  const cases = await measureAll({ name, row, description, ...benchmark }, repetitions);
  return { name, row, description, machine: machineDescription(), cases };
}

/**
 * Every benchmark has a process of its own: what one leaves in memory would slow the next one's forks down.
 *
 * @param {readonly Benchmark[]} benchmarks
 * @param {number} repetitions
 */
async function measureEach(benchmarks, repetitions) {
  /** @type {BenchmarkReport[]} */
  const reports = [];
  const failed = [];
  for (const { name } of benchmarks) {
    console.error(`measuring ${name} …`);
    const args = [fileURLToPath(import.meta.url), name, '--json', '--no-build', `--repetitions=${repetitions}`];
    try {
      const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: MAX_REPORT_BYTES });
      reports.push(.../** @type {BenchmarkReport[]} */ (JSON.parse(stdout)));
    } catch (error) {
      failed.push(name);
      console.error(error instanceof Error ? error.message : error);
    }
  }
  if (failed.length > 0) {
    console.error(`These benchmarks failed: ${failed.join(', ')}.`);
    process.exitCode = 1;
  }
  return reports;
}

/** @param {string} file */
async function readReports(file) {
  try {
    const reports = /** @type {BenchmarkReport[]} */ (JSON.parse(await readFile(file, 'utf8')));
    return reports;
  } catch (error) {
    throw new UsageError(
      `--compare ${file}: ${error instanceof Error ? error.message : String(error)}. It takes a file that --save has written.`,
    );
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      compare: { type: 'string' },
      repetitions: { type: 'string', default: String(DEFAULT_REPETITIONS) },
      'no-build': { type: 'boolean', default: false },
    },
  });
  const repetitions = Number(values.repetitions);
  if (!Number.isInteger(repetitions) || repetitions < LEAST_REPETITIONS)
    throw new UsageError(`--repetitions must be a whole number of at least ${LEAST_REPETITIONS}.`);
  // Whatever can be wrong with an argument is said before minutes of measuring.
  const earlier = values.compare === undefined ? undefined : await readReports(values.compare);
  const all = await loadBenchmarks();
  const unknown = positionals.find((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined)
    throw new UsageError(`There is no benchmark ${JSON.stringify(unknown)}. \`npm run bench -- --list\` lists them.`);
  const chosen = positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));

  if (values.list) {
    const list = chosen.map(({ name, row, description }) => ({ name, row, description }));
    if (values.json) console.log(JSON.stringify(list, null, 2));
    else for (const entry of list) console.log(`${entry.name.padEnd(24)} ${entry.row.padEnd(8)} ${entry.description}`);
    return;
  }

  if (!values['no-build']) build([...new Set(chosen.flatMap(({ packages }) => packages))]);
  const [first] = chosen;
  const alone = first !== undefined && chosen.length === 1;
  const reports = alone ? [await measure(first, repetitions)] : await measureEach(chosen, repetitions);
  if (values.save !== undefined) await writeFile(values.save, `${JSON.stringify(reports, null, 2)}\n`);
  if (values.json) console.log(JSON.stringify(reports, null, 2));
  else if (alone && earlier === undefined) console.log(reports.map(formatReport).join('\n'));
  else console.log(`${describeMachine(machineDescription())}\n\n${formatTable(reports, earlier)}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
