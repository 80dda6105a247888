import type { LogLevel } from '../configuration/types.js';
import { RotatingLog } from '../process/rotating-log.js';

const LEVELS: readonly LogLevel[] = ['critical', 'error', 'warn', 'info', 'debug', 'trace', 'blather'];
const SHORT: Readonly<Record<LogLevel, string>> = {
  critical: 'CRIT',
  error: 'ERRO',
  warn: 'WARN',
  info: 'INFO',
  debug: 'DEBG',
  trace: 'TRAC',
  blather: 'BLAT',
};

export interface MainLogOptions {
  readonly file: string;
  readonly maxBytes: number;
  readonly backups: number;
  readonly level: LogLevel;
  /** Gets every line too, when the daemon stays in the foreground. */
  readonly echo?: ((line: string) => void) | undefined;
}

/** The daemon's own log: `2026-11-23 04:57:11,123 INFO message` (spec: supervisor §9.7). */
export class MainLog {
  readonly file: string;
  readonly #log: RotatingLog;
  readonly #threshold: number;
  readonly #echo: ((line: string) => void) | undefined;

  /** @throws a system error */
  constructor(options: MainLogOptions) {
    this.file = options.file;
    this.#log = new RotatingLog(options);
    this.#threshold = LEVELS.indexOf(options.level);
    this.#echo = options.echo;
  }

  write(level: LogLevel, message: string): void {
    if (LEVELS.indexOf(level) > this.#threshold) return;
    // A line is a line, whatever a process is called or says.
    const line = `${timestamp(new Date())} ${SHORT[level]} ${message.replaceAll('\n', String.raw`\n`)}\n`;
    try {
      this.#log.write(Buffer.from(line));
    } catch {
      // A full disk must not end the services.
    }
    this.#echo?.(line);
  }

  reopen(): void {
    this.#log.reopen();
  }

  clear(): void {
    this.#log.clear();
  }

  close(): void {
    this.#log.close();
  }
}

function timestamp(date: Date): string {
  const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
  const day = `${String(date.getFullYear())}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())},${pad(date.getMilliseconds(), 3)}`;
}
