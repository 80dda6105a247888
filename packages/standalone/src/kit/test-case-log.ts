import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { escapeControlCharacters, type LogFields, type Logger, redactSecrets } from '@slapos/host';

const FILE = 'testcase.log';
const LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;
type Level = keyof typeof LEVELS;

/** What happens while a suite runs, all levels, in `testcase.log`: `TIME - SOFTWARE - LOGGER - LEVEL - MESSAGE` (spec: standalone §6.1). */
export class TestCaseLog implements Logger {
  readonly file: string;
  readonly #softwareName: string;
  readonly #alsoTo: Logger | undefined;
  readonly #fields: LogFields;

  /** @param directory what is told while it is not there yet is only passed on */
  constructor(directory: string, softwareName: string, alsoTo?: Logger, fields: LogFields = {}) {
    this.file = path.join(directory, FILE);
    this.#softwareName = softwareName;
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
    const all = { ...this.#fields, ...fields };
    return new TestCaseLog(path.dirname(this.file), this.#softwareName, this.#alsoTo?.child(fields), all);
  }

  #write(level: Level, message: string, fields: LogFields = {}): void {
    this.#alsoTo?.[level](message, fields);
    const { error, ...others } = { ...this.#fields, ...fields };
    const shown = Object.entries(others).map(
      ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    const reason = error === undefined ? '' : `: ${error instanceof Error ? error.message : JSON.stringify(error)}`;
    const time = new Date().toISOString().replace('T', ' ').replace('.', ',').slice(0, 23);
    const record = `${time} - ${this.#softwareName} - slapos - ${LEVELS[level]} - ${message}${shown.join('')}${reason}`;
    try {
      appendFileSync(this.file, `${escapeControlCharacters(redactSecrets(record))}\n`);
    } catch (failure) {
      // The node makes its folder, and says what is wrong when it cannot.
      if ((failure as { code?: unknown }).code !== 'ENOENT') throw failure;
    }
  }
}
