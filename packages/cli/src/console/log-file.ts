import fs from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.js';

/** How long a file that was moved away may still be written to. */
const ROTATION_CHECK_MS = 1000;

/**
 * A log that is appended to. When it was moved away or removed, as logrotate does, a new one is begun under its name: `proxy start` runs
 * for months.
 */
export class LogFile {
  readonly #path: string;
  #descriptor: number;
  #inode: number;
  #checkedAt: number;
  readonly #now: () => number;

  /**
   * @param now the clock, in milliseconds
   * @throws CliError `CLI_INPUT` when it cannot be written
   */
  constructor(file: string, now: () => number = Date.now) {
    this.#path = file;
    this.#now = now;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      this.#descriptor = fs.openSync(file, 'a');
    } catch (cause) {
      throw new CliError(
        'CLI_INPUT',
        `Cannot write the log file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { hint: 'Name another with --log-file.', cause },
      );
    }
    this.#inode = fs.fstatSync(this.#descriptor).ino;
    this.#checkedAt = now();
  }

  /** Appends a line. A full disk loses the line, not what the command does. */
  write(line: string): void {
    try {
      this.#reopenIfMoved();
      fs.writeSync(this.#descriptor, `${line}\n`);
    } catch {
      // The console has the line too; there is nowhere else to say it.
    }
  }

  #reopenIfMoved(): void {
    const now = this.#now();
    if (now - this.#checkedAt < ROTATION_CHECK_MS) return;
    this.#checkedAt = now;
    const inode = fs.statSync(this.#path, { throwIfNoEntry: false })?.ino;
    if (inode === this.#inode) return;
    const next = fs.openSync(this.#path, 'a');
    fs.closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#inode = fs.fstatSync(next).ino;
  }
}
