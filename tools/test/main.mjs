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

/** @type {readonly { title: string, command: readonly string[] }[]} */
const STEPS = [
  { title: 'format', command: ['biome', 'format', '.'] },
  { title: 'lint', command: ['nx', 'run-many', '-t', 'lint', ...NX_OPTIONS] },
  { title: 'typecheck', command: ['nx', 'run-many', '-t', 'typecheck', ...NX_OPTIONS] },
  { title: 'unused code', command: ['knip'] },
  { title: 'unit and integration tests', command: ['nx', 'run-many', '-t', 'test', ...NX_OPTIONS] },
  { title: 'packages', command: ['nx', 'run-many', '-t', 'check-package', ...NX_OPTIONS] },
  { title: 'end-to-end tests', command: ['nx', 'run-many', '-t', 'e2e', ...NX_OPTIONS] },
];

await runTool(async () => {
  await setUp();
  const projects = await readTestedProjects();
  removeReports(WORKSPACE_ROOT, projects);

  /** @type {{ title: string, passed: boolean, seconds: number }[]} */
  const results = [];
  for (const { title, command } of STEPS) {
    console.log(`\n=== ${title} ===\n`);
    const startedAt = Date.now();
    const passed = (await runVisibly(command)) === 0;
    results.push({ title, passed, seconds: Math.round((Date.now() - startedAt) / 1000) });
  }

  const totals = addUpReports(WORKSPACE_ROOT, projects);
  console.log('\n=== summary ===\n');
  for (const { title, passed, seconds } of results)
    console.log(`${passed ? 'ok    ' : 'FAILED'}  ${title} (${seconds} s)`);
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

/**
 * Runs a program of `node_modules/.bin` with our own output.
 * @param {readonly string[]} command
 * @returns {Promise<number>} its exit code; 1 when a signal ended it
 */
function runVisibly([file = '', ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(WORKSPACE_ROOT, 'node_modules/.bin', file), args, {
      cwd: WORKSPACE_ROOT,
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
}
