import { formatLogDate, type LogRecord } from './log-record.js';

/** How many runs are looked at, and how many of them must have failed. (spec: promise 4.4) */
export interface EvaluationRule {
  /** The latest runs to look at. Default 1. */
  readonly resultCount?: number;
  /** Failed runs among them that make a failure. Default 1. */
  readonly failureAmount?: number;
  /** Only runs of the last so many minutes; 0 or less: all. Default 0. */
  readonly latestMinute?: number;
}

/** What the log says about a promise. */
export interface Evaluation {
  readonly failed: boolean;
  readonly message: string;
}

const FAILURE_LEVELS = new Set(['ERROR', 'CRITICAL']);
const NO_RESULT = 'No result found!';
const MS_PER_MINUTE = 60_000;

/** The latest runs, newest first, each with its records in order. */
export function latestRuns(records: readonly LogRecord[], rule: EvaluationRule, now: number): LogRecord[][] {
  const { resultCount = 1, latestMinute = 0 } = rule;
  const limit = latestMinute > 0 ? formatLogDate(now - latestMinute * MS_PER_MINUTE) : undefined;
  const runs: LogRecord[][] = [];
  for (const record of records.toReversed()) {
    if (limit !== undefined && record.date <= limit) break;
    const current = runs.at(-1);
    if (current?.[0]?.runId === record.runId) {
      current.unshift(record);
      continue;
    }
    if (runs.length === resultCount) break;
    runs.push([record]);
  }
  return runs;
}

/**
 * Judges the latest runs: failed when the latest one failed, and exactly `failureAmount` failures are met from the newest on.
 * No run at all is no failure.
 */
export function evaluateLog(records: readonly LogRecord[], rule: EvaluationRule, now: number): Evaluation {
  const runs = latestRuns(records, rule, now);
  const [latest] = runs;
  if (latest === undefined) return { failed: false, message: NO_RESULT };
  const hasFailed = (run: readonly LogRecord[]): boolean => run.some((record) => FAILURE_LEVELS.has(record.level));
  const message = latest
    .map((record) => record.message)
    .join('\n')
    .trim();
  if (!hasFailed(latest)) return { failed: false, message };
  const { failureAmount = 1 } = rule;
  return { failed: failureAmount > 0 && runs.filter(hasFailed).length >= failureAmount, message };
}
