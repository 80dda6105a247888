import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const flushData = promisify(fdatasync);

/** A disk that answers sooner is waited for: to ask another thread would take longer than it lets others wait. */
const FAST_FLUSH_MS = 1;

/**
 * Puts commits on the disk. With `synchronous=NORMAL` SQLite only hands its write-ahead log to the system when it commits, and flushes it before it
 * copies it into the database: a crash of the machine can lose commits, but not harm the database. We flush the log
 * ourselves after each commit, in another thread unless the disk is fast, so that nothing else waits: then nothing that was acknowledged is lost either.
 */
export class LogFlusher implements Disposable {
  readonly #log: number;
  #lastFlushMs = Number.POSITIVE_INFINITY;

  /** @param databasePath a database in WAL mode that is open, so that its log is there and stays */
  constructor(databasePath: string) {
    this.#log = openSync(`${databasePath}-wal`, 'r');
    // What was committed while the database was opened: perhaps a migration.
    fdatasyncSync(this.#log);
    const folder = openSync(dirname(databasePath), 'r');
    // That there is a log must survive too.
    fsyncSync(folder);
    closeSync(folder);
  }

  /**
   * Resolves when all that was committed before the call is on the disk.
   * @param isOneAlone whether one change alone is waiting for it, and nothing else would be done meanwhile
   */
  async flush({ isOneAlone }: { readonly isOneAlone: boolean }): Promise<void> {
    const startedAt = performance.now();
    if (isOneAlone && this.#lastFlushMs < FAST_FLUSH_MS) fdatasyncSync(this.#log);
    else await flushData(this.#log);
    this.#lastFlushMs = performance.now() - startedAt;
  }

  [Symbol.dispose](): void {
    closeSync(this.#log);
  }
}
