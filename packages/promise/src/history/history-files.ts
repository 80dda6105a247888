import { z } from 'zod';

import { PythonFloat, writePythonJson, type PythonJsonValue } from '../results/python-json.js';

/** One saved result in the history of a promise. (spec: promise 5.3) */
export interface HistoryEntry {
  readonly executionSeconds: number;
  readonly failed: boolean;
  /** `YYYY-MM-DDTHH:MM:SS+0000`. */
  readonly date: string;
  readonly message: string;
  /** Since when it has this status; like `date`. */
  readonly changeDate: string;
}

/** The history of a promise: when it was begun, in seconds since 1970-01-01 UTC, and its entries, oldest first. */
export interface History {
  readonly date: number;
  readonly entries: readonly HistoryEntry[];
}

/** Of each promise: its last status, since when it has it, and what it said. */
export type StatusTable = Map<string, readonly [status: 'OK' | 'FAILED', changeDate: string, messageMd5: string]>;

/** The lines of the statistics, with when they were begun. */
export interface Statistics {
  readonly date: number;
  readonly lines: readonly string[];
}

export const STATISTICS_HEADER = 'Date, Success, Error, Warning';

const entrySchema = z.object({
  'execution-time': z.number(),
  failed: z.boolean(),
  date: z.string(),
  message: z.string().nullable(),
  'change-date': z.string(),
});
const historySchema = z.object({ date: z.number(), data: z.array(entrySchema) });
const statisticsSchema = z.object({ date: z.number(), data: z.array(z.string()) });
const statusSchema = z.record(z.string(), z.tuple([z.enum(['OK', 'FAILED']), z.string(), z.string()]));

function parse<Schema extends z.ZodType>(schema: Schema, text: string | undefined): z.infer<Schema> | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined; // broken, or not ours: it is begun again
  }
}

/** Reads `history/TITLE.history.json`; `undefined` when it is absent or broken. */
export function readHistory(text: string | undefined): History | undefined {
  const found = parse(historySchema, text);
  if (found === undefined) return undefined;
  const entries = found.data.map((entry) => ({
    executionSeconds: entry['execution-time'],
    failed: entry.failed,
    date: entry.date,
    message: entry.message ?? '',
    changeDate: entry['change-date'],
  }));
  return { date: found.date, entries };
}

/** A list as nodes up to 1.21 laid it out: those append by cutting off the last two bytes. */
function writeList(date: number, items: readonly string[]): string {
  return `{\n          "date": ${writePythonJson(new PythonFloat(date))},\n          "data": [${items.join(',')}]}`;
}

export function writeHistory(history: History, promise: { readonly title: string; readonly name: string }): string {
  const items = history.entries.map((entry, index) => {
    const value: Record<string, PythonJsonValue> = {
      ...(index === 0 ? { title: promise.title, name: promise.name } : {}),
      'execution-time': new PythonFloat(entry.executionSeconds),
      failed: entry.failed,
      date: entry.date,
      message: entry.message,
      'change-date': entry.changeDate,
      status: entry.failed ? 'ERROR' : 'OK',
    };
    return writePythonJson(value);
  });
  return writeList(history.date, items);
}

/** Reads `promise_stats.json`; `undefined` when it is absent or broken. */
export function readStatistics(text: string | undefined): Statistics | undefined {
  const found = parse(statisticsSchema, text);
  return found === undefined ? undefined : { date: found.date, lines: found.data };
}

export function writeStatistics(statistics: Statistics): string {
  return writeList(
    statistics.date,
    statistics.lines.map((line) => writePythonJson(line)),
  );
}

/** Reads `promise_status.json`; empty when it is absent or broken. */
export function readStatusTable(text: string | undefined): StatusTable {
  return new Map(Object.entries(parse(statusSchema, text) ?? {}));
}

export function writeStatusTable(table: StatusTable): string {
  const members = [...table].map(
    ([name, fields]) => `${writePythonJson(name)}: [${fields.map((field) => writePythonJson(field)).join(', ')}]`,
  );
  return `{${members.join(', ')}}`;
}

/** `global.json`: what the monitor shows of the instance. */
export function writeGlobal(options: {
  readonly success: number;
  readonly error: number;
  readonly date: string;
  readonly computerId: string;
  readonly partitionId: string;
}): string {
  return writePythonJson({
    status: options.error > 0 ? 'ERROR' : 'OK',
    state: { error: options.error, success: options.success },
    type: 'global',
    portal_type: 'Software Instance',
    title: 'Instance Monitoring',
    date: options.date,
    _links: {},
    data: {
      state: 'monitor_state.data',
      process_state: 'monitor_process_resource.status',
      process_resource: 'monitor_resource_process.data',
      memory_resource: 'monitor_resource_memory.data',
      io_resource: 'monitor_resource_io.data',
      monitor_process_state: 'monitor_resource.status',
    },
    aggregate_reference: options.computerId,
    partition_id: options.partitionId,
  });
}

/** `public.json`: the short form of `global.json`. */
export function writePublic(options: { readonly error: number; readonly date: string }): string {
  return writePythonJson({ status: options.error > 0 ? 'ERROR' : 'OK', date: options.date, _links: {} });
}
