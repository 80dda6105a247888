import fs from 'node:fs';
import path from 'node:path';
import { escapeControlCharacters, isSlapOSError, type LogFields, type Logger, redactSecrets } from '@slapos/host';
import { CliError } from '../errors.js';

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40, critical: 50 } as const;
export type LogLevel = keyof typeof LEVELS;
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
const FILE_LEVEL_WIDTH = 8;

export interface LogOptions {
  /** Least level that is shown; the file always gets everything. */
  readonly level: LogLevel;
  readonly showTime: boolean;
  readonly colour: boolean;
  /** Show the stack of errors on the console as well. */
  readonly showStacks: boolean;
  readonly file?: string | undefined;
}

/** A log line before it is laid out. */
interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly time: Date;
}

/** The log of a command: lines on standard error, and in a file if there is one (spec: cli §1.5). */
export class CommandLog implements Logger {
  readonly #options: LogOptions;
  readonly #fields: LogFields;
  readonly #file: { descriptor: number | undefined };

  constructor(
    options: LogOptions,
    fields: LogFields = {},
    file: { descriptor: number | undefined } = { descriptor: undefined },
  ) {
    this.#options = options;
    this.#fields = fields;
    this.#file = file;
    if (options.file !== undefined && file.descriptor === undefined) this.openFile(options.file);
  }

  /** Also writes to this file from now on; the first that is opened stays. */
  openFile(file: string): void {
    if (this.#file.descriptor !== undefined) return;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      this.#file.descriptor = fs.openSync(file, 'a');
    } catch (cause) {
      throw new CliError(
        'CLI_INPUT',
        `Cannot write the log file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          hint: 'Name another with --log-file.',
          cause,
        },
      );
    }
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  critical(message: string): void {
    this.#log('critical', message, {});
  }

  child(fields: LogFields): CommandLog {
    return new CommandLog(this.#options, { ...this.#fields, ...fields }, this.#file);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    const record = { level, message, fields: { ...this.#fields, ...fields }, time: new Date() };
    if (this.#file.descriptor !== undefined) fs.writeSync(this.#file.descriptor, `${fileLine(record)}\n`);
    if (LEVELS[level] >= LEVELS[this.#options.level]) process.stderr.write(`${consoleLine(record, this.#options)}\n`);
  }
}

function consoleLine(record: LogRecord, { showTime, colour, showStacks }: LogOptions): string {
  const paint = (code: string, text: string): string =>
    colour && code !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  const head = [
    ...(showTime ? [paint('0;32', localTime(record.time))] : []),
    paint('0;34', `slapos[${process.pid}]`),
    paint('1;30', NAMES[record.level]),
  ];
  return `${head.join(' ')} ${paint(MESSAGE_COLOURS[record.level], textOf(record, showStacks))}`;
}

function fileLine(record: LogRecord): string {
  const milliseconds = String(record.time.getMilliseconds()).padStart(3, '0');
  return `[${localTime(record.time)},${milliseconds}] ${NAMES[record.level].padEnd(FILE_LEVEL_WIDTH)} ${textOf(record, true)}`;
}

/** The message with its fields behind it. What came from outside cannot make a line, or colours, of its own (spec: security S20). */
function textOf({ message, fields }: LogRecord, withStack: boolean): string {
  const { error, ...others } = fields;
  const shown = Object.entries(others).map(([key, value]) => `${key}=${fieldText(value)}`);
  const lines = message.split('\n').map((line) => escapeControlCharacters(line));
  const text = `${lines.join('\n')}${error === undefined ? '' : `: ${escapeLines(errorText(error, withStack))}`}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}`;
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

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : value instanceof Error ? value.message : jsonText(value);
  return /[\s,()="]/.test(text) ? JSON.stringify(text) : escapeControlCharacters(text);
}

function errorText(error: unknown, withStack: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (withStack && error.stack !== undefined) return error.stack;
  return isSlapOSError(error) && error.hint !== undefined ? `${error.message} ${error.hint}` : error.message;
}

function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
