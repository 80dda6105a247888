import { escapeControlCharacters, isSlapOSError, type LogFields, redactSecrets } from '@slapos/host';
import type { LogLevel } from './log-level.js';

/** Python's names, which people grep for. */
const NAMES: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  critical: 'CRITICAL',
};
const MESSAGE_COLOURS: Readonly<Record<LogLevel, string>> = {
  debug: '0;32',
  info: '',
  warn: '0;33',
  error: '0;31',
  critical: '1;31',
};
/** Those of syslog, which the journal reads at the beginning of a line. */
const PRIORITIES: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3, critical: 2 };
const FILE_LEVEL_WIDTH = 8;
const HIDDEN = '[hidden]';
const SECRET_NAME =
  /(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?|authorization)$/i;

/** A log line before it is laid out. */
export interface LogRecord {
  readonly level: LogLevel;
  /** `slapos`, or a part of it that users know by name, such as `slapos.format`. */
  readonly logger: string;
  readonly message: string;
  readonly fields: LogFields;
  readonly time: Date;
}

/** How a line for people looks. */
export interface ConsoleLineOptions {
  readonly showTime: boolean;
  readonly colour: boolean;
  readonly showStacks: boolean;
}

/** `2026-11-23 05:14:47 slapos[13772] ERROR message`, in local time (spec: cli §1.5). */
export function consoleLine(record: LogRecord, { showTime, colour, showStacks }: ConsoleLineOptions): string {
  const paint = (code: string, text: string): string =>
    colour && code !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  const head = [
    ...(showTime ? [paint('0;32', localTime(record.time))] : []),
    paint('0;34', `${record.logger}[${process.pid}]`),
    paint('1;30', NAMES[record.level]),
  ];
  return `${head.join(' ')} ${paint(MESSAGE_COLOURS[record.level], textOf(record, showStacks))}`;
}

/** `[2026-11-23 05:20:03,437] ERROR    message` (spec: cli §1.5). */
export function fileLine(record: LogRecord): string {
  const milliseconds = String(record.time.getMilliseconds()).padStart(3, '0');
  return `[${localTime(record.time)},${milliseconds}] ${NAMES[record.level].padEnd(FILE_LEVEL_WIDTH)} ${textOf(record, true)}`;
}

/** The journal knows time and process itself; each of its lines is an entry of its own, so each has the priority (spec: ux-ideas §5). */
export function journalLine(record: LogRecord, showStacks: boolean): string {
  const prefix = `<${PRIORITIES[record.level]}>`;
  const text = `${record.logger} ${NAMES[record.level]} ${textOf(record, showStacks)}`;
  return `${prefix}${text.replaceAll('\n', `\n${prefix}`)}`;
}

/**
 * One JSON object: `time`, `level`, `logger`, `pid`, `msg`, then the fields of the message; an error is `err`, its code `code`
 * (spec: ux-ideas §5).
 */
export function jsonLine({ level, logger, message, fields, time }: LogRecord): string {
  const { error, ...others } = fields;
  return JSON.stringify({
    time: time.toISOString(),
    level,
    logger,
    pid: process.pid,
    msg: redactSecrets(message),
    ...Object.fromEntries(Object.entries(others).map(([key, value]) => [key, safeValue(key, value)])),
    ...(error === undefined ? {} : errorFields(error)),
  });
}

function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { err: { message: redactSecrets(String(error)) } };
  const slapos = isSlapOSError(error) ? error : undefined;
  return {
    ...(slapos === undefined ? {} : { code: slapos.code }),
    err: {
      message: redactSecrets(error.message),
      ...(slapos?.hint === undefined ? {} : { hint: slapos.hint }),
      ...(error.stack === undefined ? {} : { stack: redactSecrets(error.stack) }),
    },
  };
}

/** A value without secrets; a name that says secret hides all of it. */
function safeValue(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return HIDDEN;
  if (typeof value === 'string') return redactSecrets(value);
  if (value instanceof Error) return redactSecrets(value.message);
  if (Array.isArray(value)) return value.map((item) => safeValue('', item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, safeValue(key, item)]));
  return typeof value === 'bigint' ? value.toString() : value;
}

/** The message with its fields behind it. What came from outside cannot make a line, or colours, of its own (spec: security S20). */
function textOf({ message, fields }: LogRecord, withStack: boolean): string {
  const { error, ...others } = fields;
  const shown = Object.entries(others).map(([key, value]) => `${key}=${fieldText(key, value)}`);
  const cause = error === undefined ? '' : escapeLines(errorText(message, error, withStack));
  const text = `${escapeLines(message)}${cause}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}`;
  return redactSecrets(text);
}

function escapeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => escapeControlCharacters(line))
    .join('\n');
}

/** JSON as far as there is one: `undefined` and functions have none, whatever the types say. */
function jsonText(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text ?? String(value);
}

function fieldText(name: string, value: unknown): string {
  const safe = safeValue(name, value);
  const text = typeof safe === 'string' ? safe : jsonText(safe);
  return /[\s,()="]/.test(text) ? JSON.stringify(text) : escapeControlCharacters(text);
}

/** What stands behind a message for its error: the error's own, unless the message says that already, and what to do. */
function errorText(message: string, error: unknown, withStack: boolean): string {
  if (!(error instanceof Error)) return `: ${String(error)}`;
  if (withStack && error.stack !== undefined) return `: ${error.stack}`;
  const what = message.includes(error.message) ? '' : `: ${error.message}`;
  if (!isSlapOSError(error) || error.hint === undefined) return what;
  const sentence = `${message}${what}`;
  return `${what}${/[.!?]$/.test(sentence) ? '' : '.'} ${error.hint}`;
}

function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
