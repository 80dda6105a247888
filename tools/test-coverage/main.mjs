#!/usr/bin/env node
/**
 * `npm run coverage -- slap grid`: the tests of these packages with coverage; of slap, proxy and grid if none is named.
 * Each file with lines or branches that no test runs is listed with their numbers, and the last lines compare each package with the
 * goal; the page to click through is `packages/NAME/coverage/index.html`. Code that runs in child processes is not counted.
 *
 * Exit code 0: all tests passed and every package reaches the goal; 1: not so; 2: wrong use.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ total: Record<'lines' | 'branches', { pct: number }> }} CoverageSummary the part that we read of what vitest writes */

const WORKSPACE_ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Per cent of the lines and of the branches; vitest reads the same file. */
const GOAL = /** @type {Record<'lines' | 'branches', number>} */ (
  JSON.parse(readFileSync(join(WORKSPACE_ROOT, 'config/coverage-goal.json'), 'utf8'))
);
const CORE_PACKAGES = ['slap', 'proxy', 'grid'];

/** @param {string} name @returns {{ isReached: boolean, text: string }} */
function measure(name) {
  const directory = join(WORKSPACE_ROOT, 'packages', name);
  const summaryFile = join(directory, 'coverage/coverage-summary.json');
  rmSync(summaryFile, { force: true });
  const vitest = join(WORKSPACE_ROOT, 'node_modules/.bin/vitest');
  const { status, error } = spawnSync(vitest, ['run', '--coverage'], { cwd: directory, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (!existsSync(summaryFile)) return { isReached: false, text: `${name}: no coverage, because a test failed` };
  const { total } = /** @type {CoverageSummary} */ (JSON.parse(readFileSync(summaryFile, 'utf8')));
  const figures = /** @type {const} */ (['lines', 'branches']).map((kind) => {
    const { pct } = total[kind];
    return `${pct.toFixed(1)} % of ${kind} (goal ${GOAL[kind]} %)${pct < GOAL[kind] ? ' MISSED' : ''}`;
  });
  return { isReached: status === 0, text: `${name}: ${figures.join(', ')}` };
}

function main() {
  const wanted = process.argv.slice(2);
  const names = wanted.length === 0 ? CORE_PACKAGES : wanted;
  const unknown = names.find((name) => !existsSync(join(WORKSPACE_ROOT, 'packages', name, 'vitest.config.ts')));
  if (unknown !== undefined) {
    console.error(
      `There is no package ${JSON.stringify(unknown)} with tests. Usage: npm run coverage -- ${CORE_PACKAGES.join(' ')}`,
    );
    return 2;
  }
  const results = names.map(measure);
  console.log(`\n${results.map(({ text }) => text).join('\n')}`);
  return results.every(({ isReached }) => isReached) ? 0 : 1;
}

process.exitCode = main();
