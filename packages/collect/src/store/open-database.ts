import fs from 'node:fs';
import path from 'node:path';

import SqliteDatabase from 'better-sqlite3';
import { type DatabaseConnection, type Driver, Kysely, SqliteDialect, SqliteDriver } from 'kysely';

import { CollectError, reasonOf } from '../errors.js';
import { type CollectorTables, schemaStatements } from './tables.js';

/** Name of the database in `var/data-log`. */
export const DATABASE_NAME = 'collector.db';

/** Promises of instances hold the database for moments only; whoever waits longer than this waits in vain. */
const BUSY_TIMEOUT_MS = 15_000;

/** A database that is open. */
export interface OpenDatabase extends AsyncDisposable {
  readonly file: string;
  readonly tables: Kysely<CollectorTables>;
  /** Gives the space of deleted rows back to the disk. */
  vacuum(): void;
  /** Bytes that a vacuum would give back. */
  reclaimableBytes(): number;
}

/**
 * Opens the database to write, and makes what is missing in it.
 *
 * Its journal is a rollback journal on the disk: a crash at any instant leaves the rows of before or after a transaction,
 * and users who may only read the file can read it, which a write-ahead log would not let them. (spec: collect §4)
 * @throws CollectError `COLLECT_DATABASE_BROKEN`, `COLLECT_DATABASE_FAILED`
 */
export function openDatabase(file: string): OpenDatabase {
  return explained(file, () => {
    const sqlite = new SqliteDatabase(file, { timeout: BUSY_TIMEOUT_MS });
    try {
      sqlite.pragma('journal_mode = DELETE');
      sqlite.pragma('synchronous = FULL');
      sqlite.pragma('temp_store = MEMORY');
      sqlite.transaction(() => {
        for (const statement of schemaStatements()) sqlite.exec(statement);
      })();
    } catch (error) {
      sqlite.close();
      throw error;
    }
    return opened(file, sqlite);
  });
}

/**
 * Opens the database to read, as any user that may read the file.
 * @param place `collector.db` or the folder that it is in
 * @throws CollectError `COLLECT_DATABASE_MISSING`, `COLLECT_DATABASE_BROKEN`, `COLLECT_DATABASE_FAILED`
 */
export function openDatabaseToRead(place: string): OpenDatabase {
  const file =
    fs.statSync(place, { throwIfNoEntry: false })?.isDirectory() === true ? path.join(place, DATABASE_NAME) : place;
  if (!fs.existsSync(file)) {
    throw new CollectError(
      'COLLECT_DATABASE_MISSING',
      `There are no measurements: ${JSON.stringify(file)} does not exist`,
      {
        hint: 'slapos node collect takes measurements; run it every minute.',
      },
    );
  }
  return explained(file, () => opened(file, new SqliteDatabase(file, { readonly: true, timeout: BUSY_TIMEOUT_MS })));
}

/** On a full or broken disk SQLite takes the transaction back itself; to ask for it again would be an error that hides the first. */
class CollectorDriver extends SqliteDriver {
  readonly #sqlite: SqliteDatabase.Database;

  constructor(sqlite: SqliteDatabase.Database) {
    super({ database: sqlite });
    this.#sqlite = sqlite;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#sqlite.inTransaction) await super.rollbackTransaction(connection);
  }
}

class CollectorDialect extends SqliteDialect {
  readonly #sqlite: SqliteDatabase.Database;

  constructor(sqlite: SqliteDatabase.Database) {
    super({ database: sqlite });
    this.#sqlite = sqlite;
  }

  override createDriver(): Driver {
    return new CollectorDriver(this.#sqlite);
  }
}

function opened(file: string, sqlite: SqliteDatabase.Database): OpenDatabase {
  const tables = new Kysely<CollectorTables>({ dialect: new CollectorDialect(sqlite) });
  return {
    file,
    tables,
    vacuum: () => void sqlite.exec('VACUUM'),
    reclaimableBytes: () =>
      Number(sqlite.pragma('freelist_count', { simple: true })) * Number(sqlite.pragma('page_size', { simple: true })),
    [Symbol.asyncDispose]: () => tables.destroy(),
  };
}

/** Runs something on a database file; what SQLite complains about becomes an error that says what to do. */
function explained<Result>(file: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw databaseError(file, error);
  }
}

/** The error for what SQLite threw; others are handed through. */
export function databaseError(file: string, error: unknown): unknown {
  if (!(error instanceof SqliteDatabase.SqliteError)) return error;
  const shown = JSON.stringify(file);
  if (error.code === 'SQLITE_NOTADB' || error.code.startsWith('SQLITE_CORRUPT')) {
    return new CollectError('COLLECT_DATABASE_BROKEN', `${shown} is not a sound SQLite database: ${error.message}`, {
      cause: error,
      hint: 'Move the file away; the next run makes a new one. Days that were dumped are in the archives beside it.',
    });
  }
  const isFull = error.code === 'SQLITE_FULL' || error.code.startsWith('SQLITE_IOERR');
  return new CollectError('COLLECT_DATABASE_FAILED', `Cannot work on ${shown}: ${reasonOf(error)} (${error.code})`, {
    cause: error,
    retryable: true,
    hint: isFull
      ? 'Is there space left on this disk, and is it sound? What was measured before is kept.'
      : 'Another program may hold it; the next run tries again.',
  });
}
