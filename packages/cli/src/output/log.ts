import type { LogFields, Logger } from '@slapos/host';
import { ConsoleStream } from '../console/console-stream.js';
import { LogFile } from '../console/log-file.js';
import { LOG_LEVELS, type LogFormat, type LogLevel } from '../console/log-level.js';
import { consoleLine, fileLine, journalLine, jsonLine, type LogRecord } from '../console/log-lines.js';

export type { LogLevel } from '../console/log-level.js';

const ROOT_LOGGER = 'slapos';

export interface LogOptions {
  /** Least level that is shown; the file always gets everything. */
  readonly level: LogLevel;
  readonly showTime: boolean;
  readonly colour: boolean;
  /** Show the stack of errors on the console as well. */
  readonly showStacks: boolean;
  readonly file?: string | undefined;
  readonly format?: LogFormat | undefined;
}

/** Where the lines of a log and of all its children go. */
interface Sinks {
  readonly console: ConsoleStream;
  file: LogFile | undefined;
}

/** The log of a command: lines on standard error, and in a file if there is one (spec: cli §1.5). */
export class CommandLog implements Logger {
  readonly #options: LogOptions;
  readonly #fields: LogFields;
  readonly #name: string;
  readonly #sinks: Sinks;

  constructor(options: LogOptions, fields: LogFields = {}, name = ROOT_LOGGER, sinks?: Sinks) {
    this.#options = options;
    this.#fields = fields;
    this.#name = name;
    this.#sinks = sinks ?? { console: new ConsoleStream(process.stderr), file: undefined };
    if (sinks === undefined && options.file !== undefined) this.openFile(options.file);
  }

  /** Standard error: for what is drawn below the log. */
  get console(): ConsoleStream {
    return this.#sinks.console;
  }

  /** Whether colours are used on standard error. */
  get colour(): boolean {
    return this.#options.colour;
  }

  /** Whether lines of this level reach the console. */
  shows(level: LogLevel): boolean {
    return LOG_LEVELS[level] >= LOG_LEVELS[this.#options.level];
  }

  /** Also writes to this file from now on; the first that is opened stays. */
  openFile(file: string): void {
    this.#sinks.file ??= new LogFile(file);
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

  critical(message: string, fields?: LogFields): void {
    this.#log('critical', message, fields);
  }

  child(fields: LogFields): CommandLog {
    return new CommandLog(this.#options, { ...this.#fields, ...fields }, this.#name, this.#sinks);
  }

  /** The same log under another name, such as `slapos.format`, which users look for. */
  named(name: string): CommandLog {
    return new CommandLog(this.#options, this.#fields, name, this.#sinks);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    const record: LogRecord = {
      level,
      logger: this.#name,
      message,
      fields: { ...this.#fields, ...fields },
      time: new Date(),
    };
    this.#sinks.file?.write(this.#options.format === 'json' ? jsonLine(record) : fileLine(record));
    if (this.shows(level)) this.#sinks.console.writeLine(this.#consoleLine(record));
  }

  #consoleLine(record: LogRecord): string {
    switch (this.#options.format) {
      case 'json':
        return jsonLine(record);
      case 'journal':
        return journalLine(record, this.#options.showStacks);
      case 'text':
      case undefined:
        return consoleLine(record, this.#options);
    }
  }
}
