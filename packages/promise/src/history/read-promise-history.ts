import { isSlapOSError, UntrustedDirectory, type Logger } from '@slapos/host';

import { latestRuns } from '../evaluation/evaluate.js';
import { parseLog } from '../evaluation/log-record.js';
import { readHistory } from './history-files.js';

const LOG_SUFFIX = '.log';
const HISTORY_SUFFIX = '.history.json';
const DEFAULT_LIMIT = 100;
const MAX_LOG_BYTES = 16 * 1024 * 1024;
const MAX_HISTORY_BYTES = 64 * 1024 * 1024;
const FAILURE_LEVELS = new Set(['ERROR', 'CRITICAL']);
const STATE_PATH = ['.slapgrid', 'promise'] as const;

/** What a promise said once. */
export interface PastRun {
  /** Milliseconds since 1970-01-01 UTC, to the second. */
  readonly date: number;
  readonly failed: boolean;
  readonly message: string;
  /** How long it took; `undefined` when only the log knows of the run. */
  readonly executionSeconds: number | undefined;
}

/** The past of a promise, newest run first. */
export interface PromiseHistory {
  readonly title: string;
  readonly runs: readonly PastRun[];
}

export interface PromiseHistoryOptions {
  readonly partitionPath: string;
  /** Whose. Default: of all that ever ran. */
  readonly title?: string;
  /** The latest so many runs of each. Default 100. */
  readonly limit?: number;
}

async function enter(parent: UntrustedDirectory, name: string): Promise<UntrustedDirectory | undefined> {
  return (await parent.stat(name))?.type === 'directory' ? parent.openSubdirectory(name) : undefined;
}

async function namesIn(folder: UntrustedDirectory | undefined, suffix: string): Promise<string[]> {
  const names = (await folder?.list()) ?? [];
  return names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
}

async function readOrWarn(
  folder: UntrustedDirectory | undefined,
  name: string,
  options: { readonly maxBytes: number; readonly tail?: boolean },
  logger: Logger,
): Promise<string | undefined> {
  try {
    return await folder?.readText(name, options);
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    logger.warn('A file of the promises cannot be read', { file: name, reason: error.message });
    return undefined;
  }
}

function runsOfLog(text: string, limit: number): PastRun[] {
  return latestRuns(parseLog(text), { resultCount: limit }, 0).map((run) => ({
    date: Date.parse((run[0]?.date ?? '').replace(' ', 'T')),
    failed: run.some((record) => FAILURE_LEVELS.has(record.level)),
    message: run
      .map((record) => record.message)
      .join('\n')
      .trim(),
    executionSeconds: undefined,
  }));
}

/**
 * What the promises of a partition said in the past: their verdicts, when history is kept (`history` of `runPromises`), otherwise
 * the runs that are in their logs, each failed when it logged an error. Empty when none ever ran.
 * @throws HostError when the partition cannot be read.
 */
export async function readPromiseHistory(options: PromiseHistoryOptions, logger: Logger): Promise<PromiseHistory[]> {
  const limit = options.limit ?? DEFAULT_LIMIT;
  await using partition = await UntrustedDirectory.open(options.partitionPath);
  await using grid = await enter(partition, STATE_PATH[0]);
  await using state = grid === undefined ? undefined : await enter(grid, STATE_PATH[1]);
  if (state === undefined) return [];
  await using logs = await enter(state, 'log');
  await using histories = await enter(state, 'history');
  const all = [...(await namesIn(logs, LOG_SUFFIX)), ...(await namesIn(histories, HISTORY_SUFFIX))];
  const titles = [...new Set(all)].sort().filter((title) => options.title === undefined || title === options.title);
  const found: PromiseHistory[] = [];
  for (const title of titles) {
    const kept = readHistory(
      await readOrWarn(histories, title + HISTORY_SUFFIX, { maxBytes: MAX_HISTORY_BYTES }, logger),
    );
    if (kept !== undefined) {
      const runs = kept.entries
        .slice(-limit)
        .reverse()
        .map(({ date, failed, message, executionSeconds }) => ({
          date: Date.parse(date.replace(/\+0000$/, 'Z')),
          failed,
          message,
          executionSeconds,
        }));
      found.push({ title, runs });
      continue;
    }
    const text = await readOrWarn(logs, title + LOG_SUFFIX, { maxBytes: MAX_LOG_BYTES, tail: true }, logger);
    found.push({ title, runs: runsOfLog(text ?? '', limit) });
  }
  return found;
}
