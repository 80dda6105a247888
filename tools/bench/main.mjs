#!/usr/bin/env node
/**
 * `npm run bench` lists the benchmarks, `npm run bench -- NAME` runs one, `--json` prints its figures as JSON.
 * `--repetitions N` asks for more than the five that are the least. The packages that a benchmark names are built first.
 */
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { machineDescription, measureAll } from './measure.mjs';
import { formatReport } from './report.mjs';

const BENCHMARKS = new URL('./benchmarks/', import.meta.url);
const WORKSPACE_ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LEAST_REPETITIONS = 5;
const DEFAULT_REPETITIONS = 9;

/** @returns {Promise<import('./measure.mjs').Benchmark[]>} all benchmarks by name */
async function loadBenchmarks() {
  const files = (await readdir(BENCHMARKS)).filter((file) => file.endsWith('.mjs')).sort();
  return Promise.all(
    files.map(async (file) => {
      const module = /** @type {{ benchmark: import('./measure.mjs').Benchmark }} */ (
        await import(new URL(file, BENCHMARKS).href)
      );
      return module.benchmark;
    }),
  );
}

/** @param {readonly string[]} packages names of packages to build; their output goes to the error stream */
function build(packages) {
  if (packages.length === 0) return;
  execFileSync('npx', ['nx', 'run-many', '-t', 'build', '-p', packages.join(',')], {
    cwd: WORKSPACE_ROOT,
    stdio: ['ignore', process.stderr, process.stderr],
  });
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      repetitions: { type: 'string', default: String(DEFAULT_REPETITIONS) },
      'no-build': { type: 'boolean', default: false },
    },
  });
  const benchmarks = await loadBenchmarks();
  const [name] = positionals;
  if (name === undefined) {
    const list = benchmarks.map(({ name, row, description }) => ({ name, row, description }));
    if (values.json) console.log(JSON.stringify(list, null, 2));
    else for (const entry of list) console.log(`${entry.name.padEnd(24)} ${entry.row.padEnd(4)} ${entry.description}`);
    return;
  }
  const benchmark = benchmarks.find((candidate) => candidate.name === name);
  if (benchmark === undefined) {
    console.error(`There is no benchmark ${JSON.stringify(name)}. \`npm run bench\` lists them.`);
    process.exitCode = 1;
    return;
  }
  const repetitions = Number(values.repetitions);
  if (!Number.isInteger(repetitions) || repetitions < LEAST_REPETITIONS) {
    console.error(`--repetitions must be a whole number of at least ${LEAST_REPETITIONS}.`);
    process.exitCode = 1;
    return;
  }
  if (!values['no-build']) build(benchmark.packages);
  const report = {
    name: benchmark.name,
    row: benchmark.row,
    description: benchmark.description,
    machine: machineDescription(),
    cases: await measureAll(benchmark, repetitions),
  };
  console.log(values.json ? JSON.stringify(report, null, 2) : formatReport(report));
}

await main();
