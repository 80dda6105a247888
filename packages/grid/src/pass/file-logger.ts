import { escapeControlCharacters, type LogFields, type Logger } from '@slapos/host';

import { errorReport } from '../errors.js';
import type { LineLog } from './line-log.js';

type Level = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

const LEVEL_WIDTH = 8;

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** `2026-11-23 05:14:47,123`, local time, as Python's logging writes it. */
export function formatLogTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time},${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function formatField(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(errorReport(value));
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** One record, one line: what comes from outside cannot begin another record. (spec: security S20) */
function formatMessage(message: string, fields: LogFields): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${formatField(value)}`);
  return escapeControlCharacters([message, ...parts].join(' '));
}

/** A logger that writes `[<time>] <LEVEL> <name> <message>` lines to a file. (spec: grid 7.4) */
export function createFileLogger(log: LineLog, name: string, clock: { now(): number }, fields: LogFields = {}): Logger {
  const write = (level: Level, message: string, extra: LogFields = {}): void => {
    log.write(
      `[${formatLogTime(clock.now())}] ${level.padEnd(LEVEL_WIDTH)} ${name} ${formatMessage(message, { ...fields, ...extra })}`,
    );
  };
  return {
    debug: (message, extra) => write('DEBUG', message, extra),
    info: (message, extra) => write('INFO', message, extra),
    warn: (message, extra) => write('WARNING', message, extra),
    error: (message, extra) => write('ERROR', message, extra),
    child: (more) => createFileLogger(log, name, clock, { ...fields, ...more }),
  };
}

/** A logger that says everything to several. */
export function createTeeLogger(loggers: readonly Logger[]): Logger {
  return {
    debug: (message, fields) => loggers.forEach((logger) => logger.debug(message, fields)),
    info: (message, fields) => loggers.forEach((logger) => logger.info(message, fields)),
    warn: (message, fields) => loggers.forEach((logger) => logger.warn(message, fields)),
    error: (message, fields) => loggers.forEach((logger) => logger.error(message, fields)),
    child: (fields) => createTeeLogger(loggers.map((logger) => logger.child(fields))),
  };
}
