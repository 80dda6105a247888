import { formatLogDate, type LogRecord } from './log-record.js';

/** How many runs are looked at, and how many of them must have failed. (spec: promise 4.4) */
export interface EvaluationRule {
  /** The latest runs to look at. Default 1. */
  readonly resultCount?: number;
  /** Failed runs among them that make a failure. Default 1. */
  readonly failureAmount?: number;
  /** Only runs of the last so many minutes; 0 or less: all. Default 0. */
  readonly latestMinute?: number;
  /** The failures must follow each other: `resultCount` is taken to be `failureAmount`. Default false. */
  readonly consecutive?: boolean;
  /** Also a failure: at least so many changes between good and bad in the last so many runs. Default none. */
  readonly flapping?: { readonly runs: number; readonly changes: number };
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

const hasFailed = (run: readonly LogRecord[]): boolean => run.some((record) => FAILURE_LEVELS.has(record.level));

/** How often the verdict changed from one run to the next. */
function countChanges(runs: readonly LogRecord[][]): number {
  const verdicts = runs.map(hasFailed);
  return verdicts.filter((verdict, index) => index > 0 && verdict !== verdicts[index - 1]).length;
}

/**
 * Judges the latest runs: failed when the latest one failed, and `failureAmount` failures are met from the newest on; or when
 * they change too often. No run at all is no failure.
 */
export function evaluateLog(records: readonly LogRecord[], rule: EvaluationRule, now: number): Evaluation {
  const { failureAmount = 1, resultCount = 1, consecutive = false, flapping } = rule;
  const wanted = consecutive ? failureAmount : resultCount;
  const seen = latestRuns(records, { ...rule, resultCount: Math.max(wanted, flapping?.runs ?? 0) }, now);
  const [latest] = seen;
  if (latest === undefined) return { failed: false, message: NO_RESULT };
  const message = latest
    .map((record) => record.message)
    .join('\n')
    .trim();
  if (flapping !== undefined) {
    const changes = countChanges(seen.slice(0, flapping.runs));
    const note = `Flapping: ${String(changes)} changes in the last ${String(flapping.runs)} runs`;
    if (changes >= flapping.changes) return { failed: true, message: `${note}\n${message}`.trim() };
  }
  if (!hasFailed(latest)) return { failed: false, message };
  const failures = seen.slice(0, wanted).filter(hasFailed).length;
  return { failed: failureAmount > 0 && failures >= failureAmount, message };
}
