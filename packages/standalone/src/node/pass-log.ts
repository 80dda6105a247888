import { appendFileSync, closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { escapeControlCharacters, isSlapOSError, type LogFields, type Logger, redactSecrets } from '@slapos/host';

/** What the log files of the Python program are limited to; there is no older file beside (spec: standalone §3). */
const MAX_LOG_BYTES = 5 * 1024 * 1024;
const LOG_MODE = 0o600;
/** Looked at first: enough for ordinary tails. */
const FIRST_TAIL_BYTES = 64 * 1024;
const NAMES = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;
type Level = keyof typeof NAMES;

/** A log file in the layout of the `slapos` command, that can tell the end of what was written since a moment. */
export class PassLog implements Logger {
  readonly file: string;
  readonly #fields: LogFields;
  readonly #alsoTo: Logger | undefined;

  constructor(file: string, alsoTo?: Logger, fields: LogFields = {}) {
    this.file = file;
    this.#alsoTo = alsoTo;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }
  child(fields: LogFields): Logger {
    return new PassLog(this.file, this.#alsoTo?.child(fields), { ...this.#fields, ...fields });
  }

  /** The place where the next record will stand; a log that has become too long is emptied first. */
  mark(): number {
    const size = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= MAX_LOG_BYTES) return size;
    truncateSync(this.file);
    return 0;
  }

  /** The last lines since a mark; 0: all of them. */
  tail(mark: number, lines: number): string {
    if (statSync(this.file, { throwIfNoEntry: false }) === undefined) return '';
    const descriptor = openSync(this.file, 'r');
    try {
      const { size } = fstatSync(descriptor);
      const near = Math.max(mark, size - FIRST_TAIL_BYTES);
      let text = readFrom(descriptor, near, size);
      // The first line may be cut, so one more than wanted must be there.
      if (near > mark && (lines === 0 || text.split('\n').length - 1 <= lines)) text = readFrom(descriptor, mark, size);
      const all = text.replace(/\n$/, '').split('\n');
      return (lines === 0 ? all : all.slice(-lines)).join('\n');
    } finally {
      closeSync(descriptor);
    }
  }

  #write(level: Level, message: string, fields: LogFields = {}): void {
    this.#alsoTo?.[level](message, fields);
    const time = new Date().toISOString().replace('T', ' ').slice(0, 19);
    const line = `${time} slapos[${process.pid}] ${NAMES[level]} ${render(message, { ...this.#fields, ...fields })}\n`;
    appendFileSync(this.file, line, { mode: LOG_MODE });
  }
}

function readFrom(descriptor: number, start: number, end: number): string {
  const buffer = Buffer.alloc(Math.max(0, end - start));
  const length = readSync(descriptor, buffer, 0, buffer.length, start);
  return buffer.toString('utf8', 0, length);
}

function render(message: string, { error, ...fields }: LogFields): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const text = [message, ...parts].join(' ');
  const reason = error === undefined ? '' : `\n${explain(error)}`;
  // Line ends of an error's message stay; everything else that could fool a terminal goes.
  return `${text}${reason}`
    .split('\n')
    .map((line) => escapeControlCharacters(redactSecrets(line)))
    .join('\n');
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = isSlapOSError(error) && error.hint !== undefined ? `\nhint: ${error.hint}` : '';
  return `${error.message}${hint}`;
}
