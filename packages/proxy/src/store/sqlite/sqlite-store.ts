import { closeSync, openSync } from 'node:fs';

import Database from 'better-sqlite3';
import { type Logger, silentLogger } from '@slapos/slap';

import { ProxyError } from '../../errors.js';
import { migrate, type MigrationOptions } from '../migration/migrate.js';
import { rebaseLocalReleases } from '../migration/rebase.js';
import type { ProxyStore, StoreReader, StoreWriter } from '../proxy-store.js';
import { ReadQueue } from './read-queue.js';
import { LogFlusher } from './log-flusher.js';
import { createNameConstraint, createOwnTables } from './schema.js';
import { SqliteSession } from './session.js';
import { copyContent } from './snapshot.js';
import { SqliteReader } from './sqlite-reader.js';
import { SqliteWriter } from './sqlite-writer.js';
import { databaseError, WriteQueue } from './write-queue.js';

const MILLISECONDS_PER_SECOND = 1_000;
const OWNER_ONLY = 0o600;
/** How long to wait for another program (`proxy show`, a Python proxy) that holds the file. */
const BUSY_TIMEOUT_MS = 5_000;
/** 16 MB of write-ahead log: copying it into the database less often costs less. */
const CHECKPOINT_PAGES = 4_000;
/** Where the header of a database says how it is written, and what says that it is without a write-ahead log. */
const [FIRST_FORMAT_BYTE, LAST_FORMAT_BYTE, ROLLBACK_FORMAT] = [18, 19, 1];
/** The path of a database that lives in memory. */
export const IN_MEMORY = ':memory:';

export interface SqliteStoreOptions {
  /** Path of the file, made when it is absent, or `:memory:`. */
  readonly path: string;
  /** Default of the columns that name a computer. */
  readonly computerId: string;
  /** Where local Software Releases lie; a change rewrites their paths. Default `/`. */
  readonly localSoftwareReleaseRoot?: string;
  /**
   * Whether a change waits for the disk before it is acknowledged. Default true; false may lose the last
   * changes when the machine loses power, and nothing when only this program dies.
   */
  readonly durable?: boolean;
  readonly now?: () => Date;
  /** Called before each statement that may change something, for tests that look at the files between them. */
  readonly onStatement?: (sql: string) => void;
  readonly logger?: Logger;
}

/**
 * Opens the store in a SQLite file, migrating what an older proxy left in it.
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`, `PROXY_DATABASE_FAILED`.
 */
export function openSqliteStore(options: SqliteStoreOptions): ProxyStore {
  const database = openDatabase(options.path, options.onStatement);
  try {
    prepareDatabase(database, options);
  } catch (error) {
    database.close();
    throw unreadable(error, options.path);
  }
  return new SqliteStore(database, options);
}

class SqliteStore implements ProxyStore {
  readonly #options: SqliteStoreOptions;
  readonly #writeSession: SqliteSession;
  readonly #writes: WriteQueue;
  readonly #flusher: LogFlusher | undefined;
  readonly #readSession: SqliteSession | undefined;
  readonly #reads: ReadQueue | undefined;
  readonly #listeners = new Set<() => void>();
  #closed = false;

  constructor(database: Database.Database, options: SqliteStoreOptions) {
    const { path, durable = true, now = () => new Date() } = options;
    this.#options = options;
    this.#writeSession = new SqliteSession(database);
    this.#flusher = durable && path !== IN_MEMORY ? new LogFlusher(path) : undefined;
    const writer = new SqliteWriter(this.#writeSession, () => now().getTime() / MILLISECONDS_PER_SECOND);
    this.#writes = new WriteQueue(this.#writeSession, writer, async (waiting) => {
      await this.#flusher?.flush(waiting);
      for (const listener of this.#listeners) listener();
    });
    if (path === IN_MEMORY) return;
    this.#readSession = new SqliteSession(new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS }));
    this.#reads = new ReadQueue(this.#readSession, new SqliteReader(this.#readSession));
  }

  async read<T>(work: (reader: StoreReader) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed();
    // A database in memory has one connection only: its readers queue with the writers.
    return this.#reads === undefined ? this.#writes.add(work) : this.#reads.add(work);
  }

  async write<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed();
    return this.#writes.add(work);
  }

  version(): number {
    this.#refuseWhenClosed();
    return this.#readSession?.dataVersion() ?? this.#writeSession.totalChanges();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async snapshot(): Promise<Uint8Array> {
    this.#refuseWhenClosed();
    await this.#writes.idle();
    return this.#writeSession.database.serialize();
  }

  async restore(snapshot: Uint8Array): Promise<void> {
    this.#refuseWhenClosed();
    const source = openSnapshot(snapshot, this.#options);
    try {
      await this.write(async () => {
        copyContent(source, this.#writeSession.database);
      });
    } finally {
      source.close();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writes.idle();
    await this.#reads?.idle();
    this.#flusher?.[Symbol.dispose]();
    this.#readSession?.database.close();
    this.#writeSession.database.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new ProxyError('PROXY_CLOSED', 'The proxy is closed', { hint: 'Make a new one.' });
  }
}

function openDatabase(path: string, onStatement: SqliteStoreOptions['onStatement']): Database.Database {
  try {
    // SQLite would make the file readable for everybody; its companions (-wal, -shm) get the mode of the file.
    if (path !== IN_MEMORY) closeSync(openSync(path, 'a', OWNER_ONLY));
    const verbose = onStatement === undefined ? undefined : (sql: unknown) => onStatement(String(sql));
    return new Database(path, { timeout: BUSY_TIMEOUT_MS, ...(verbose === undefined ? {} : { verbose }) });
  } catch (error) {
    throw new ProxyError('PROXY_DATABASE_FAILED', `Cannot open the database ${JSON.stringify(path)}`, {
      cause: error,
      hint: 'Its folder must exist and be writable; make it, or choose another file with --database-uri.',
    });
  }
}

/** The database of a snapshot, which may be that of an older proxy, in memory. */
function openSnapshot(snapshot: Uint8Array, options: SqliteStoreOptions): Database.Database {
  const image = Buffer.from(snapshot);
  // Such a database has no log beside it, and what says that it has one would make it unreadable.
  if (image.byteLength > LAST_FORMAT_BYTE) image.fill(ROLLBACK_FORMAT, FIRST_FORMAT_BYTE, LAST_FORMAT_BYTE + 1);
  let database: Database.Database | undefined;
  try {
    if (image.byteLength === 0) throw new Error('it is empty');
    database = new Database(image);
    prepareDatabase(database, { ...options, path: IN_MEMORY });
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof ProxyError && error.code === 'PROXY_DATABASE_TOO_NEW') throw error;
    throw new ProxyError('PROXY_DATABASE_UNREADABLE', 'The snapshot is no content of a mini-master', {
      cause: error,
      hint: 'Restore what snapshot() gave, or the bytes of a database file of a proxy. Nothing was changed.',
    });
  }
}

function prepareDatabase(database: Database.Database, options: SqliteStoreOptions): void {
  const { path, computerId, localSoftwareReleaseRoot = '/', now = () => new Date() } = options;
  const logger = options.logger ?? silentLogger;
  const migration: MigrationOptions = { computerId, path: path === IN_MEMORY ? undefined : path, now, logger };
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL'); // See LogFlusher.
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.exec('BEGIN IMMEDIATE');
  try {
    migrate(database, migration);
    createOwnTables(database);
    if (!createNameConstraint(database)) {
      logger.warn(
        'Some trees in this database have several instances of one name: that they do not is checked no more',
        { path },
      );
    }
    rebaseLocalReleases(database, localSoftwareReleaseRoot, migration);
    database.exec('COMMIT');
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function unreadable(error: unknown, path: string): unknown {
  if (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'SQLITE_NOTADB' || error.code === 'SQLITE_CORRUPT')
  ) {
    return new ProxyError('PROXY_DATABASE_UNREADABLE', `${JSON.stringify(path)} is not a readable SQLite database`, {
      cause: error,
      hint: 'Check database_uri; if it is the right file, restore it from a backup.',
    });
  }
  return databaseError(error);
}
