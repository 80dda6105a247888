import fs from 'node:fs';
import path from 'node:path';

/** Where the kernel tells of processes, and what it does not tell there. */
export interface ProcFolderOptions {
  /** Default `/proc`. */
  readonly root?: string;
  /** Ticks a second; Linux shows user space 100 on all machines that Node.js runs on. */
  readonly ticksPerSecond?: number;
  /** Default 4096; `getconf PAGESIZE` of machines that differ. */
  readonly pageBytes?: number;
}

const DEFAULT_TICKS = 100;
const DEFAULT_PAGE_BYTES = 4096;
const PID = /^[1-9]\d*$/;

/** `/proc`, or a copy of it. Reading it never waits for a disk, so it is read synchronously: a thousand processes in a few dozen milliseconds. */
export class ProcFolder {
  readonly ticksPerSecond: number;
  readonly pageBytes: number;
  readonly #root: string;

  constructor(options: ProcFolderOptions = {}) {
    this.#root = options.root ?? '/proc';
    this.ticksPerSecond = options.ticksPerSecond ?? DEFAULT_TICKS;
    this.pageBytes = options.pageBytes ?? DEFAULT_PAGE_BYTES;
  }

  /** The text of a file; `undefined` when it is not there (any more), or not for us. */
  read(...names: string[]): string | undefined {
    try {
      return fs.readFileSync(path.join(this.#root, ...names), 'utf8');
    } catch {
      // A process that ends meanwhile gives ENOENT or ESRCH: it is simply gone.
      return undefined;
    }
  }

  /** The text of a file that every kernel has; empty when it cannot be read. */
  text(...names: string[]): string {
    return this.read(...names) ?? '';
  }

  processIds(): number[] {
    return fs
      .readdirSync(this.#root)
      .filter((name) => PID.test(name))
      .map(Number)
      .sort((one, other) => one - other);
  }

  /** Seconds since the boot, which no change of the clock moves. */
  uptimeSeconds(): number {
    return Number(this.text('uptime').split(' ')[0] ?? '0') || 0;
  }

  /** Another one after each boot. */
  bootId(): string {
    return this.read('sys', 'kernel', 'random', 'boot_id')?.trim() ?? /^btime \d+$/m.exec(this.text('stat'))?.[0] ?? '';
  }
}
