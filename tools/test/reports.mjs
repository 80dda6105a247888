import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where the shared vitest configuration makes each project write its report. */
const REPORT_FILE = 'test-results/vitest.json';

/**
 * @typedef {{ graph: { nodes: Record<string, { name: string, data: { root: string, targets?: Record<string, unknown> } }> } }} NxGraphFile
 *   the part that we read of what `nx graph --file` writes
 * @typedef {{ status: string, assertionResults: { status: string }[] }} TestFileReport
 * @typedef {{
 *   success: boolean, numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: TestFileReport[]
 * }} VitestReport the part that we read of what vitest's JSON reporter writes
 * @typedef {{ name: string, root: string }} TestedProject a project with a test or e2e target; the root is relative to the workspace
 * @typedef {{ passed: number, failed: number, skipped: number, problems: string[] }} TestTotals
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
  const totals = { passed: 0, failed: 0, skipped: 0, problems: [] };
  for (const { name, root } of projects) {
    const file = join(workspaceRoot, root, REPORT_FILE);
    if (!existsSync(file)) {
      totals.problems.push(`${name}: no test report; its tests did not run to the end`);
      continue;
    }
    const report = /** @type {VitestReport} */ (JSON.parse(readFileSync(file, 'utf8')));
    // A file that cannot even be loaded has no tests to count; it counts as one that failed.
    const brokenFiles = report.testResults.filter(
      (result) => result.status === 'failed' && !result.assertionResults.some(({ status }) => status === 'failed'),
    ).length;
    totals.passed += report.numPassedTests;
    totals.failed += report.numFailedTests + brokenFiles;
    totals.skipped += report.numPendingTests + report.numTodoTests;
    if (report.numPassedTests + report.numFailedTests === 0) totals.problems.push(`${name}: not one test ran`);
    else if (!report.success && report.numFailedTests + brokenFiles === 0) {
      totals.problems.push(`${name}: the run failed outside of any test`);
    }
  }
  if (projects.length === 0) totals.problems.push('no project has tests');
  return totals;
}
