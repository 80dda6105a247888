import type { LogFields, Logger } from './logger.js';

/** One call of a logger. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that remembers, for tests. */
export class RecordingLogger implements Logger {
  /** Everything that was logged, by children too, in order. */
  readonly records: LogRecord[];
  readonly #fields: LogFields;

  constructor(fields: LogFields = {}, records: LogRecord[] = []) {
    this.#fields = fields;
    this.records = records;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#record('debug', message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#record('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#record('warn', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#record('error', message, fields);
  }

  child(fields: LogFields): RecordingLogger {
    return new RecordingLogger({ ...this.#fields, ...fields }, this.records);
  }

  /** The messages of one level. */
  messages(level: LogRecord['level']): string[] {
    return this.records.filter((record) => record.level === level).map((record) => record.message);
  }

  #record(level: LogRecord['level'], message: string, fields: LogFields): void {
    this.records.push({ level, message, fields: { ...this.#fields, ...fields } });
  }
}
