import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '@slapos/host';
import { type PastRun, readPromiseHistory } from '@slapos/promise';
import { CliError } from '../errors.js';
import type { Column, ListResult } from '../output/render-result.js';
import { firstLine } from './promise-results.js';

const MILLISECONDS = 1000;

/** One run of a promise in the past. */
export interface HistoryRow extends PastRun {
  readonly partition: string;
  readonly promise: string;
}

export interface HistoryQuery {
  readonly instanceRoot: string;
  /** Empty: all that have a past. */
  readonly partitions: readonly string[];
  /** Only of the promise with this title. */
  readonly title: string | undefined;
  /** The latest so many runs of each promise. */
  readonly limit: number;
}

const COLUMNS: readonly Column<HistoryRow>[] = [
  { name: 'time', value: ({ date }) => isoTime(date) },
  { name: 'partition', value: ({ partition }) => partition },
  { name: 'promise', value: ({ promise }) => promise },
  { name: 'state', value: ({ failed }) => (failed ? 'FAILED' : 'ok') },
  { name: 'seconds', value: ({ executionSeconds }) => executionSeconds?.toFixed(1) },
  { name: 'message', value: ({ message }) => firstLine(message) },
];

/**
 * What promises said in the past, newest first for each promise. Asks no master and runs nothing.
 * @throws CliError `CLI_USAGE` for a partition that is not there
 */
export async function promiseHistory(query: HistoryQuery, logger: Logger): Promise<ListResult<HistoryRow>> {
  const { instanceRoot, title, limit } = query;
  const items: HistoryRow[] = [];
  for (const partition of await chosenPartitions(query)) {
    const options = {
      partitionPath: path.join(instanceRoot, partition),
      limit,
      ...(title === undefined ? {} : { title }),
    };
    for (const { title: promise, runs } of await readPromiseHistory(options, logger))
      items.push(...runs.map((run) => ({ partition, promise, ...run })));
  }
  return {
    kind: 'PromiseHistory',
    items,
    columns: COLUMNS,
    text: () => '',
    document: ({ partition, promise, date, failed, message, executionSeconds }) => ({
      partition,
      promise,
      time: isoTime(date),
      ok: !failed,
      message,
      ...(executionSeconds === undefined ? {} : { executionMs: Math.round(executionSeconds * MILLISECONDS) }),
    }),
  };
}

function isoTime(date: number): string {
  return new Date(date).toISOString().replace('.000', '');
}

async function chosenPartitions({ instanceRoot, partitions }: HistoryQuery): Promise<string[]> {
  const present: string[] = [];
  for (const name of (await readdir(instanceRoot)).sort()) {
    if ((await stat(path.join(instanceRoot, name, '.slapgrid')).catch(() => undefined))?.isDirectory() === true)
      present.push(name);
  }
  const unknown = partitions.filter((name) => !present.includes(name));
  if (unknown.length > 0) {
    throw new CliError('CLI_USAGE', `argument --only-cp: no promise has run in ${unknown.join(', ')}`, {
      hint: `Partitions with a past: ${present.join(', ') || 'none'}`,
    });
  }
  return partitions.length === 0 ? present : present.filter((name) => partitions.includes(name));
}
