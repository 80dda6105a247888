import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { addUpReports, findTestedProjects, removeReports } from './reports.mjs';

test('findTestedProjects takes the projects with a test or an e2e target', () => {
  const node = (name: string, targets: string[]) => ({
    name,
    data: { root: `packages/${name}`, targets: Object.fromEntries(targets.map((target) => [target, {}])) },
  });
  const nodes = { a: node('a', ['build', 'test']), b: node('b', ['build']), c: node('c', ['e2e']) };
  expect(findTestedProjects({ graph: { nodes } })).toEqual([
    { name: 'a', root: 'packages/a' },
    { name: 'c', root: 'packages/c' },
  ]);
});

describe('addUpReports', () => {
  let folder: string;
  const projects = [
    { name: 'one', root: 'one' },
    { name: 'two', root: 'two' },
  ];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'reports-test-'));
    report('one', { numPassedTests: 3 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function report(root: string, fields: object) {
    mkdirSync(join(folder, root, 'test-results'), { recursive: true });
    const empty = {
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      success: true,
      testResults: [],
    };
    writeFileSync(join(folder, root, 'test-results/vitest.json'), JSON.stringify({ ...empty, ...fields }));
  }

  test('adds', () => {
    report('two', { numPassedTests: 1, numPendingTests: 1 });
    expect(addUpReports(folder, projects)).toEqual({ passed: 4, failed: 0, skipped: 1, failures: [], problems: [] });
  });

  test('tells the name of each test that failed, and the beginning of why', () => {
    const reason = [
      '\u001B[31mAssertionError: expected 1 to be 2\u001B[39m',
      ...Array.from({ length: 99 }, () => 'at x'),
    ];
    const assertionResults = [
      { status: 'passed', fullName: 'adds', failureMessages: [] },
      { status: 'failed', fullName: 'adds more', failureMessages: [reason.join('\n')] },
      { status: 'failed', fullName: 'subtracts', failureMessages: ['Error: no'] },
    ];
    const testResults = [{ name: join(folder, 'two/sum.test.ts'), status: 'failed', message: '', assertionResults }];
    report('two', { numPassedTests: 1, numFailedTests: 2, success: false, testResults });

    const { failed, failures } = addUpReports(folder, projects);
    expect(failed).toBe(2);
    expect(failures.map(({ place }) => place)).toEqual(['two/sum.test.ts: adds more', 'two/sum.test.ts: subtracts']);
    expect(failures[0]?.reason).toMatch(/^AssertionError: expected 1 to be 2\n(at x\n?){11}$/);
    expect(failures[1]?.reason).toBe('Error: no');
  });

  test('a test file that cannot be loaded is one failure', () => {
    const message = "SyntaxError: Unexpected token ';'";
    const testResults = [{ name: join(folder, 'two/broken.test.ts'), status: 'failed', message, assertionResults: [] }];
    report('two', { numPassedTests: 1, success: false, testResults });
    expect(addUpReports(folder, projects)).toMatchObject({
      passed: 4,
      failed: 1,
      failures: [{ place: 'two/broken.test.ts', reason: message }],
      problems: [],
    });
  });

  test.each([
    ['there is no report', () => {}, 'two: no test report; its tests did not run to the end'],
    ['no test ran', () => report('two', {}), 'two: not one test ran'],
    ['all tests were skipped', () => report('two', { numPendingTests: 5 }), 'two: not one test ran'],
    [
      'it failed outside of the tests',
      () => report('two', { numPassedTests: 1, success: false }),
      'two: the run failed outside of any test',
    ],
  ])('it is a problem when %s', (_what, arrange, problem) => {
    arrange();
    expect(addUpReports(folder, projects).problems).toEqual([problem]);
  });

  test('it is a problem when nothing has tests', () => {
    expect(addUpReports(folder, []).problems).toEqual(['no project has tests']);
  });

  test('removed reports do not count', () => {
    removeReports(folder, projects);
    expect(addUpReports(folder, projects)).toMatchObject({
      passed: 0,
      failed: 0,
      problems: [expect.any(String), expect.any(String)],
    });
  });
});
