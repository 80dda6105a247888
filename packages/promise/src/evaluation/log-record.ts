import { randomInt } from 'node:crypto';

/** One record of a promise's log. (spec: promise 4.3) */
export interface LogRecord {
  /** Local time, `YYYY-MM-DD HH:MM:SS`. */
  readonly date: string;
  readonly level: string;
  /** Names one run of the promise: `<unix seconds>-<100…999>`. */
  readonly runId: string;
  readonly message: string;
}

const RECORD =
  /^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})[ \t]+(?:-[ \t]*)?([A-Za-z]+)[ \t]+(?:-[ \t]*)?(\d+-\d{3})(?:[ \t]+(?:-[ \t]*)?(.*))?$/;
const FIRST_SUFFIX = 100;
const END_OF_SUFFIXES = 1000;

const two = (value: number): string => String(value).padStart(2, '0');

/** A time as logs have it: local, to the second. */
export function formatLogDate(milliseconds: number): string {
  const date = new Date(milliseconds);
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A name for a run that starts now. */
export function makeRunId(milliseconds: number): string {
  return `${String(Math.floor(milliseconds / 1000))}-${String(randomInt(FIRST_SUFFIX, END_OF_SUFFIXES))}`;
}

/** The text of a record in the log, without its line end. */
export function formatLogRecord(record: LogRecord): string {
  return `${record.date} - ${record.level} - ${record.runId} - ${record.message}`;
}

/**
 * Reads a log. Lines that are no record continue the one above; blank ones are dropped, and so is what stands before the
 * first record. (spec: promise 4.4)
 */
export function parseLog(text: string): LogRecord[] {
  const records: LogRecord[] = [];
  for (const line of text.split('\n')) {
    const match = RECORD.exec(line);
    if (match !== null) {
      const [, date = '', level = '', runId = '', message = ''] = match;
      records.push({ date, level, runId, message });
      continue;
    }
    const last = records.at(-1);
    if (last === undefined || line.trim() === '') continue;
    records[records.length - 1] = { ...last, message: `${last.message}\n${line}` };
  }
  return records;
}
