import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Where the shared vitest configuration makes each project write its report. */
const REPORT_FILE = 'test-results/vitest.json';

/** Enough of a failure to tell which one it was; the whole of it stands where the test ran. */
const SHOWN_REASON_LINES = 12;

/**
 * @typedef {{ graph: { nodes: Record<string, { name: string, data: { root: string, targets?: Record<string, unknown> } }> } }} NxGraphFile
 *   the part that we read of what `nx graph --file` writes
 * @typedef {{ status: string, fullName: string, failureMessages: string[] }} TestReport
 * @typedef {{ name: string, status: string, message: string, assertionResults: TestReport[] }} TestFileReport
 * @typedef {{
 *   success: boolean, numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: TestFileReport[]
 * }} VitestReport the part that we read of what vitest's JSON reporter writes
 * @typedef {{ name: string, root: string }} TestedProject a project with a test or e2e target; the root is relative to the workspace
 * @typedef {{ place: string, reason: string }} TestFailure file and name of a test that failed, and the first lines of why
 * @typedef {{ passed: number, failed: number, skipped: number, failures: TestFailure[], problems: string[] }} TestTotals
 */

/**
 * The projects of an Nx graph (`nx graph --file`) that have tests.
 * @param {NxGraphFile} graphFile
 * @returns {TestedProject[]}
 */
export function findTestedProjects({ graph }) {
  return Object.values(graph.nodes)
    .filter(({ data }) => data.targets?.['test'] !== undefined || data.targets?.['e2e'] !== undefined)
    .map(({ name, data }) => ({ name, root: data.root }));
}

/**
 * Removes the reports of earlier runs, so that each one that is there afterwards is of this run (or of the cache, for the same input).
 * @param {string} workspaceRoot
 * @param {readonly TestedProject[]} projects
 */
export function removeReports(workspaceRoot, projects) {
  for (const { root } of projects) rmSync(join(workspaceRoot, root, REPORT_FILE), { force: true });
}

/**
 * Adds up the reports. A project without a report, or in whose report no test ran, is a problem: silence is not success.
 * @param {string} workspaceRoot
 * @param {readonly TestedProject[]} projects
 * @returns {TestTotals}
 */
export function addUpReports(workspaceRoot, projects) {
  /** @type {TestTotals} */
  const totals = { passed: 0, failed: 0, skipped: 0, failures: [], problems: [] };
  for (const { name, root } of projects) {
    const file = join(workspaceRoot, root, REPORT_FILE);
    if (!existsSync(file)) {
      totals.problems.push(`${name}: no test report; its tests did not run to the end`);
      continue;
    }
    const report = /** @type {VitestReport} */ (JSON.parse(readFileSync(file, 'utf8')));
    const failures = report.testResults.flatMap((file) => failuresOf(file, workspaceRoot));
    totals.passed += report.numPassedTests;
    totals.failed += failures.length;
    totals.failures.push(...failures);
    totals.skipped += report.numPendingTests + report.numTodoTests;
    if (report.numPassedTests + report.numFailedTests === 0) totals.problems.push(`${name}: not one test ran`);
    else if (!report.success && failures.length === 0) {
      totals.problems.push(`${name}: the run failed outside of any test`);
    }
  }
  if (projects.length === 0) totals.problems.push('no project has tests');
  return totals;
}

/**
 * @param {TestFileReport} file
 * @param {string} workspaceRoot
 * @returns {TestFailure[]}
 */
function failuresOf({ name, status, message, assertionResults }, workspaceRoot) {
  const file = relative(workspaceRoot, name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  // A file that cannot even be loaded has no tests to count; it counts as one that failed.
  if (status === 'failed' && failed.length === 0) return [{ place: file, reason: shortened(message) }];
  return failed.map(({ fullName, failureMessages }) => ({
    place: `${file}: ${fullName}`,
    reason: shortened(failureMessages.join('\n')),
  }));
}

/**
 * @param {string} reason
 * @returns {string}
 */
function shortened(reason) {
  return stripVTControlCharacters(reason).split('\n').slice(0, SHOWN_REASON_LINES).join('\n');
}
