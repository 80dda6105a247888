import { ProxyError } from '../../errors.js';
import type { StoreWriter } from '../proxy-store.js';
import type { SqliteSession } from './session.js';

interface PendingWrite {
  readonly run: (writer: StoreWriter) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface CommittedWrite {
  readonly write: PendingWrite;
  readonly value: unknown;
}

/** Resolves when all that was committed is on the disk; `isOneAlone`: one change alone waits for it. */
type Flush = (waiting: { readonly isOneAlone: boolean }) => Promise<void>;

/** More in one transaction would make the first wait for the last without saving much: one flush is shared by this many already. */
const MAX_WRITES_PER_COMMIT = 256;

/**
 * All changes, one after the other, and those that wait together in one transaction. Each is a savepoint of its own, so one that fails
 * leaves the others alone. Callers hear of success when their change is on the disk: the commits that were made
 * while one flush was running share the next, and meanwhile further changes are made.
 */
export class WriteQueue {
  readonly #session: SqliteSession;
  readonly #writer: StoreWriter;
  readonly #flush: Flush;
  #pending: PendingWrite[] = [];
  #committed: CommittedWrite[] = [];
  #running: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;

  /** @param flush resolves when all that was committed before the call is on the disk */
  constructor(session: SqliteSession, writer: StoreWriter, flush: Flush) {
    this.#session = session;
    this.#writer = writer;
    this.#flush = flush;
  }

  add<T>(run: (writer: StoreWriter) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when everything added so far is on the disk, or failed. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#flushing !== undefined) {
      await this.#running;
      await this.#flushing;
    }
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      // Requests whose bytes have arrived get to queue their change before the transaction begins.
      await new Promise<void>((resolve) => setImmediate(resolve));
      const group = this.#pending.splice(0, MAX_WRITES_PER_COMMIT);
      const changesBefore = this.#session.totalChanges();
      const committed = await this.#commitTogether(group);
      // A request for what is there already changes nothing; but what it tells of may not be on the disk yet.
      const isOnDisk = this.#session.totalChanges() === changesBefore && this.#flushing === undefined;
      if (isOnDisk) for (const { write, value } of committed) write.resolve(value);
      else this.#committed.push(...committed);
      if (this.#committed.length > 0) this.#flushing ??= this.#flushAll();
    }
    this.#running = undefined;
  }

  async #flushAll(): Promise<void> {
    while (this.#committed.length > 0) {
      const group = this.#committed;
      this.#committed = [];
      try {
        await this.#flush({ isOneAlone: group.length === 1 && this.#pending.length === 0 });
        for (const { write, value } of group) write.resolve(value);
      } catch (error) {
        for (const { write } of group) write.reject(notOnDisk(error));
      }
    }
    this.#flushing = undefined;
  }

  async #commitTogether(group: readonly PendingWrite[]): Promise<CommittedWrite[]> {
    const session = this.#session;
    const succeeded: CommittedWrite[] = [];
    try {
      session.execute('BEGIN IMMEDIATE');
      const [only] = group;
      if (only !== undefined && group.length === 1) {
        // Alone in its transaction, it needs no savepoint to fail by itself.
        const value = await only.run(this.#writer);
        session.execute('COMMIT');
        return [{ write: only, value }];
      }
      for (const write of group) {
        session.execute('SAVEPOINT change');
        try {
          const value = await write.run(this.#writer);
          session.execute('RELEASE change');
          succeeded.push({ write, value });
        } catch (error) {
          // Some failures of SQLite (disk full, I/O error) roll the whole transaction back by themselves.
          if (!session.database.inTransaction) throw error;
          session.execute('ROLLBACK TO change');
          session.execute('RELEASE change');
          write.reject(databaseError(error));
        }
      }
      session.execute('COMMIT');
      return succeeded;
    } catch (error) {
      if (session.database.inTransaction) session.execute('ROLLBACK');
      // Rejecting one that was rejected before changes nothing.
      for (const write of group) write.reject(databaseError(error));
      return [];
    }
  }
}

function notOnDisk(error: unknown): ProxyError {
  return new ProxyError('PROXY_DATABASE_FAILED', 'The disk did not confirm a change: it may be lost', {
    cause: error,
    retryable: true,
    hint: 'Look at the disk that holds the database, then try again.',
  });
}

/** Turns a failure of SQLite into a ProxyError `PROXY_DATABASE_FAILED`; passes other errors through. */
export function databaseError(error: unknown): unknown {
  if (
    !(error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_'))
  ) {
    return error;
  }
  return new ProxyError('PROXY_DATABASE_FAILED', `The database did not take a change: ${error.message}`, {
    cause: error,
    retryable: true,
    hint: DATABASE_HINTS[error.code] ?? 'Look at the disk that holds the database, then try again.',
  });
}

const DATABASE_HINTS: Readonly<Record<string, string>> = {
  SQLITE_BUSY: 'Another program holds the database locked: end it, or try again.',
  SQLITE_FULL: 'The disk is full: free some space, then try again.',
  SQLITE_READONLY: 'The database file, or the folder it lies in, is not writable.',
};
