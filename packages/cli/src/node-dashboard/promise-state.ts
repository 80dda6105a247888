import path from 'node:path';
import { isSlapOSError, type Logger, UntrustedDirectory } from '@slapos/host';
import { type PromiseResult, readPromiseHistory, readResult } from '@slapos/promise';
import type { FailingPromise, PartitionState } from './dashboard.js';

const RESULT_FOLDERS = ['.slapgrid', 'promise', 'result'] as const;
const RESULT_SUFFIX = '.status.json';
/** Whoever wants to see further back has `node promise --history`. */
const LOOKED_BACK = 100;

/** What the promises of a partition said last; an owner who spoils the results has none. */
export async function readPromiseState(partitionPath: string, logger: Logger): Promise<PartitionState['promises']> {
  const results = await readResults(partitionPath).catch((error: unknown) => {
    if (isSlapOSError(error)) return [];
    throw error;
  });
  const failing: FailingPromise[] = [];
  for (const result of results) if (result.failed) failing.push(await withPast(result, partitionPath, logger));
  return { all: results.length, failing };
}

async function readResults(partitionPath: string): Promise<PromiseResult[]> {
  await using partition = await UntrustedDirectory.open(partitionPath);
  return await resultsBelow(partition, RESULT_FOLDERS);
}

async function resultsBelow(folder: UntrustedDirectory, [next, ...rest]: readonly string[]): Promise<PromiseResult[]> {
  if (next !== undefined) {
    if (!(await folder.exists(next))) return [];
    await using below = await folder.openSubdirectory(next);
    return await resultsBelow(below, rest);
  }
  const results: PromiseResult[] = [];
  for (const name of await folder.list()) {
    const text = name.endsWith(RESULT_SUFFIX) ? await folder.readText(name) : undefined;
    const result = text === undefined ? undefined : readResult(text);
    if (result !== undefined) results.push(result);
  }
  return results;
}

/** How long it has been failing. */
async function withPast(
  { title, message, date }: PromiseResult,
  partitionPath: string,
  logger: Logger,
): Promise<FailingPromise> {
  const [history] = await readPromiseHistory({ partitionPath, title, limit: LOOKED_BACK }, logger).catch(() => []);
  const runs = history?.runs ?? [];
  const success = runs.findIndex(({ failed }) => !failed);
  const failures = success === -1 ? runs : runs.slice(0, success);
  return {
    promise: path.basename(title),
    message,
    timesInARow: Math.max(1, failures.length),
    since: new Date(failures.at(-1)?.date ?? date).toISOString(),
  };
}
