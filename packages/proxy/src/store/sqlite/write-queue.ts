import { ProxyError } from '../../errors.js';
import type { StoreWriter } from '../proxy-store.js';
import type { SqliteSession } from './session.js';

interface PendingWrite {
  readonly run: (writer: StoreWriter) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** More in one transaction would make the first wait for the last without saving much: one flush is shared by this many already. */
const MAX_WRITES_PER_COMMIT = 256;

/**
 * All changes, one after the other, and those that wait together in one transaction: the expensive part of a commit is the flush to the
 * disk, and it is shared. Each change is a savepoint of its own, so one that fails leaves the others alone. Callers hear of
 * success after the commit only.
 */
export class WriteQueue {
  readonly #session: SqliteSession;
  readonly #writer: StoreWriter;
  #pending: PendingWrite[] = [];
  #running: Promise<void> | undefined;

  constructor(session: SqliteSession, writer: StoreWriter) {
    this.#session = session;
    this.#writer = writer;
  }

  add<T>(run: (writer: StoreWriter) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending.push({ run, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when everything added so far is committed or failed. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      // Requests whose bytes have arrived get to queue their change before the transaction begins.
      await new Promise<void>((resolve) => setImmediate(resolve));
      const group = this.#pending.splice(0, MAX_WRITES_PER_COMMIT);
      await this.#commitTogether(group);
    }
    this.#running = undefined;
  }

  async #commitTogether(group: readonly PendingWrite[]): Promise<void> {
    const { database } = this.#session;
    const succeeded: { readonly write: PendingWrite; readonly value: unknown }[] = [];
    try {
      database.exec('BEGIN IMMEDIATE');
      for (const write of group) {
        database.exec('SAVEPOINT change');
        try {
          const value = await write.run(this.#writer);
          database.exec('RELEASE change');
          succeeded.push({ write, value });
        } catch (error) {
          // Some failures of SQLite (disk full, I/O error) roll the whole transaction back by themselves.
          if (!database.inTransaction) throw error;
          database.exec('ROLLBACK TO change');
          database.exec('RELEASE change');
          write.reject(databaseError(error));
        }
      }
      database.exec('COMMIT');
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      // Rejecting one that was rejected before changes nothing.
      for (const write of group) write.reject(databaseError(error));
      return;
    }
    for (const { write, value } of succeeded) write.resolve(value);
  }
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
