import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { evaluateLog } from './evaluate.js';
import { formatLogDate, formatLogRecord, parseLog } from './log-record.js';

const NOW = Date.UTC(2023, 10, 14, 22, 16, 0);
const START = Date.UTC(2023, 10, 14, 22, 13, 20);
const line = (milliseconds: number, level: string, runId: string, message: string): string =>
  `${formatLogRecord({ date: formatLogDate(milliseconds), level, runId, message })}\n`;

const E = line(START, 'ERROR', '1700000000-100', 'one');
const I = line(START + 60_000, 'INFO', '1700000060-200', 'two');
const F = line(START + 120_000, 'ERROR', '1700000120-300', 'three');
const ago = (seconds: number, id: string, message: string): string => line(NOW - seconds * 1000, 'ERROR', id, message);

const LOGS: Readonly<Record<string, string>> = {
  'E I F': E + I + F,
  'E F I': E + F + I,
  critical: line(START, 'CRITICAL', '1-100', 'x'),
  warning: line(START, 'WARNING', '1-100', 'x'),
  'blank lines and trailing text': `garbage\n${line(START, 'ERROR', '1-100', 'x')}\n\n  tail \n\nmore\n`,
  'only garbage': 'garbage\nmore garbage\n',
  'no newline at end': line(START, 'ERROR', '1-100', 'x').trimEnd(),
  interleaved:
    line(START, 'ERROR', '1-100', 'a1') + line(START, 'INFO', '2-200', 'b1') + line(START, 'ERROR', '1-100', 'a2'),
  'old, latest_minute': E,
  'window 1 of 2': ago(300, '1-100', 'x') + ago(10, '2-200', 'y'),
  'window 2 of 2': ago(60, '1-100', 'x') + ago(10, '2-200', 'y'),
  'old separator style': '2023-11-14 22:13:20 ERROR - 1700000000-100 old style\n',
  'message looks like a record': line(START, 'INFO', '1-100', 'see 2023-11-14 22:13:20 - ERROR - 1-100 - q'),
  'negative minute': E,
};

type Expected = [label: string, rule: Readonly<Record<string, number>>, failed: boolean, message: string];
const expectations = readFileSync(
  path.join(import.meta.dirname, '../../test/fixtures/evaluation.expected.jsonl'),
  'utf8',
)
  .trim()
  .split('\n')
  .map((text) => JSON.parse(text) as Expected);

test.each(expectations)('%s %j: failed is %s, %j', (label, rule, failed, message) => {
  const { result_count, failure_amount, latest_minute } = rule;
  const evaluation = evaluateLog(
    parseLog(LOGS[label] ?? ''),
    {
      ...(result_count === undefined ? {} : { resultCount: result_count }),
      ...(failure_amount === undefined ? {} : { failureAmount: failure_amount }),
      ...(latest_minute === undefined ? {} : { latestMinute: latest_minute }),
    },
    NOW,
  );
  expect(evaluation).toEqual({ failed, message });
});

test('all of the recorded expectations are there', () => {
  expect(expectations).toHaveLength(19);
});
