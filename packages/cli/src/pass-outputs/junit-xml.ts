import { create } from 'xmlbuilder2';
import type { PassReport, ReportedError, ReportedItem } from './pass-report.js';

const MILLISECONDS = 1000;
const FAILURES = new Set(['failed', 'missing', 'promise-failed']);
const SKIPS = new Set(['skipped', 'kept']);
/** Characters that XML cannot have. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** A pass as one suite of JUnit: each release or partition is a test. */
export function junitXml({ pass, items, durationMs, finishedAt, error }: PassReport): string {
  const cases: readonly ReportedItem[] =
    error === undefined ? items : [...items, { name: 'master', outcome: 'failed', durationMs: 0, error }];
  const counts = {
    tests: cases.length,
    failures: cases.filter(({ outcome }) => FAILURES.has(outcome)).length,
    skipped: cases.filter(({ outcome }) => SKIPS.has(outcome)).length,
    time: seconds(durationMs),
  };
  const document = create({ version: '1.0', encoding: 'UTF-8' });
  const suite = document
    .ele('testsuites', { name: 'slapos', ...counts })
    .ele('testsuite', { name: `slapos.${pass}`, timestamp: finishedAt, ...counts });
  for (const { name, title, outcome, durationMs: spent, error: why } of cases) {
    const test = suite.ele('testcase', {
      classname: `slapos.${pass}`,
      name: clean(title === undefined ? name : `${name} ${title}`),
      time: seconds(spent),
    });
    if (FAILURES.has(outcome))
      test
        .ele('failure', { type: why?.code ?? outcome, message: clean(why?.message ?? outcome) })
        .txt(clean(details(why)));
    else if (SKIPS.has(outcome)) test.ele('skipped');
  }
  return `${document.end({ prettyPrint: true })}\n`;
}

function details(error: ReportedError | undefined): string {
  if (error === undefined) return '';
  const { message, lines = [], logPath, hint } = error;
  return [message, ...lines, ...(logPath === undefined ? [] : [`the whole output: ${logPath}`]), hint ?? '']
    .join('\n')
    .trim();
}

function seconds(ms: number): string {
  return (ms / MILLISECONDS).toFixed(3);
}

function clean(text: string): string {
  return text.replaceAll(FORBIDDEN, '\ufffd');
}
