#!/usr/bin/env node
// `npm test`: makes the machine ready, then runs everything that must pass, and says in plain words what did.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runTool, runWithProgress, setUp, WORKSPACE_ROOT } from '../setup/setup.mjs';
import { addUpReports, findTestedProjects, removeReports } from './reports.mjs';

/** @import { NxGraphFile, TestedProject } from './reports.mjs' */

const NX_OPTIONS = ['--output-style=static', '--nxBail=false'];

/** @typedef {{ title: string, command: readonly string[] }} Step */
/** @typedef {{ title: string, passed: boolean, seconds: number }} StepResult */

/**
 * What only computes goes beside what mostly waits for processes, so that neither core of a small machine is idle.
 *
 * @type {readonly Step[]}
 */
const STATIC_CHECKS = [
  { title: 'format', command: ['biome', 'format', '.'] },
  { title: 'lint', command: ['nx', 'run-many', '-t', 'lint', '--parallel=1', ...NX_OPTIONS] },
  { title: 'typecheck', command: ['nx', 'run-many', '-t', 'typecheck', '--parallel=1', ...NX_OPTIONS] },
  { title: 'unused code', command: ['knip'] },
  { title: 'packages', command: ['nx', 'run-many', '-t', 'check-package', '--parallel=1', ...NX_OPTIONS] },
];

/** @type {readonly Step[]} */
const TESTS = [
  { title: 'unit and integration tests', command: ['nx', 'run-many', '-t', 'test', ...NX_OPTIONS] },
  { title: 'end-to-end tests', command: ['nx', 'run-many', '-t', 'e2e', ...NX_OPTIONS] },
];

await runTool(async () => {
  await setUp({ forTests: true });
  const projects = await readTestedProjects();
  removeReports(WORKSPACE_ROOT, projects);

  const results = (await Promise.all([runSteps(STATIC_CHECKS, 'when done'), runSteps(TESTS, 'as it comes')])).flat();

  const totals = addUpReports(WORKSPACE_ROOT, projects);
  if (totals.failures.length > 0) console.log('\n=== failed tests ===');
  for (const { place, reason } of totals.failures) console.log(`\n${place}\n${reason.replaceAll(/^/gm, '    ')}`);
  console.log('\n=== summary ===\n');
  for (const { title, passed, seconds } of results)
    console.log(`${passed ? 'ok    ' : 'FAILED'}  ${title} (${seconds} s)`);
  for (const { place } of totals.failures) console.log(`FAILED  ${place}`);
  for (const problem of totals.problems) console.log(`FAILED  ${problem}`);
  if (totals.skipped > 0) console.log(`        ${totals.skipped} tests were skipped`);
  console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
  return results.every(({ passed }) => passed) && totals.failed === 0 && totals.problems.length === 0 ? 0 : 1;
});

/** @returns {Promise<TestedProject[]>} */
async function readTestedProjects() {
  const folder = mkdtempSync(join(tmpdir(), 'slapos-test-'));
  try {
    const file = join(folder, 'graph.json');
    const nx = join(WORKSPACE_ROOT, 'node_modules/.bin/nx');
    await runWithProgress('Looking for projects with tests', nx, ['graph', `--file=${file}`], { cwd: WORKSPACE_ROOT });
    return findTestedProjects(/** @type {NxGraphFile} */ (JSON.parse(readFileSync(file, 'utf8'))));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @typedef {'as it comes' | 'when done'} Showing how the output of a step is shown; of steps that run beside each other only one may show it as it comes */

/**
 * Runs steps one after the other.
 *
 * @param {readonly Step[]} steps
 * @param {Showing} showing
 * @returns {Promise<StepResult[]>}
 */
async function runSteps(steps, showing) {
  /** @type {StepResult[]} */
  const results = [];
  for (const { title, command } of steps) {
    const startedAt = Date.now();
    if (showing === 'as it comes') console.log(`\n=== ${title} ===\n`);
    const { exitCode, output } = await runProgram(command, showing);
    if (showing === 'when done') process.stdout.write(`\n=== ${title} ===\n\n${output}\n`);
    results.push({ title, passed: exitCode === 0, seconds: Math.round((Date.now() - startedAt) / 1000) });
  }
  return results;
}

/**
 * Runs a program of `node_modules/.bin`.
 *
 * @param {readonly string[]} command
 * @param {Showing} showing
 * @returns {Promise<{ exitCode: number, output: string }>} 1 when a signal ended it; what has not been shown yet, of both streams
 */
function runProgram([file = '', ...args], showing) {
  return new Promise((resolve, reject) => {
    const output = showing === 'as it comes' ? 'inherit' : 'pipe';
    const child = spawn(join(WORKSPACE_ROOT, 'node_modules/.bin', file), args, {
      cwd: WORKSPACE_ROOT,
      stdio: ['ignore', output, output],
    });
    /** @type {Buffer[]} */
    const chunks = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode: exitCode ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}
