const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_MS = 86_400_000;

/** `2026-11-23 05:13:58,123`, `2026-11-23T05:13:58.123Z`, also in brackets; without a zone it is the machine's. */
const ISO =
  /^\[?(\d{4})-(\d{2})-(\d{2})[ T](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d{2}:?\d{2})?\]?[ :,-]*/u;
/** `2026/11/23 05:13:58`, as nginx and Go write it. */
const SLASHED = /^(\d{4})\/(\d{2})\/(\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))? ?/u;
/** `Nov 23 05:13:58`, as syslog writes it: of the last twelve months. */
const SYSLOG = /^([A-Z][a-z]{2}) [ ]?(\d{1,2}) (\d{2}:\d{2}:\d{2}) /u;
/** `… [23/Nov/2026:05:13:58 +0000] …`, as web servers write it: not at the beginning, so it stays where it is. */
const COMMON_LOG = /^\S+ \S+ \S+ \[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\]/u;
/** `{"time":"2026-…"`, `{"timestamp":…`, `{"ts":…`: the whole line stays. */
const JSON_LINE = /^\{.{0,200}?"(?:time|timestamp|ts|@timestamp)"\s*:\s*"(\d{4}-[^"]{10,40})"/u;

/** What a line says about when it was written. */
export interface TimedText {
  /** Milliseconds since 1970; absent when the line does not say it. */
  readonly writtenMs?: number;
  /** The line, without an instant at its beginning. */
  readonly text: string;
}

/**
 * Reads the instant of a line, in the forms that programs use.
 * @param nowMs what a date without a year is near to
 */
export function readLineTime(line: string, nowMs: number): TimedText {
  return leadingTime(line, nowMs) ?? innerTime(line) ?? { text: line };
}

function leadingTime(line: string, nowMs: number): TimedText | undefined {
  const dated = ISO.exec(line) ?? SLASHED.exec(line);
  if (dated !== null) {
    const [whole, year, month, day, time, fraction = '0', zone = ''] = dated;
    const written = instant(`${year}-${month}-${day}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}${zoneText(zone)}`);
    return written === undefined ? undefined : { writtenMs: written, text: line.slice(whole.length) };
  }
  const [whole = '', name = '', day = '', time] = SYSLOG.exec(line) ?? [];
  const month = monthNumber(name);
  if (time === undefined || month === undefined) return undefined;
  const year = new Date(nowMs).getFullYear();
  const inYear = (number: number): number | undefined => instant(`${number}-${month}-${day.padStart(2, '0')}T${time}`);
  const thisYear = inYear(year);
  const written = thisYear !== undefined && thisYear > nowMs + DAY_MS ? inYear(year - 1) : thisYear;
  return written === undefined ? undefined : { writtenMs: written, text: line.slice(whole.length) };
}

function innerTime(line: string): TimedText | undefined {
  const json = JSON_LINE.exec(line)?.[1];
  const [, day, name = '', year, time, hours, minutes] = COMMON_LOG.exec(line) ?? [];
  const month = monthNumber(name);
  const text = json ?? (month === undefined ? undefined : `${year}-${month}-${day}T${time}${hours}:${minutes}`);
  const written = text === undefined ? undefined : instant(text);
  return written === undefined ? undefined : { writtenMs: written, text: line };
}

function instant(text: string): number | undefined {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function zoneText(zone: string): string {
  if (zone === '' || zone === 'Z') return zone;
  return zone === 'UTC' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
}

function monthNumber(name: string): string | undefined {
  const index = MONTHS.indexOf(name.toLowerCase());
  return index === -1 ? undefined : String(index + 1).padStart(2, '0');
}
