import { closeSync, openSync } from 'node:fs';

import Database from 'better-sqlite3';

import { ProxyError } from '../../errors.js';
import type { ProxyStore, RestoreOptions, StoreReader, StoreVersion, StoreWriter } from '../proxy-store.js';
import { ReadQueue } from './read-queue.js';
import { openImage } from './image.js';
import { LogFlusher } from './log-flusher.js';
import { prepareDatabase, type SchemaOptions } from './prepare-database.js';
import { SqliteSession } from './session.js';
import { copyContent } from './snapshot.js';
import { requireEmpty } from '../require-empty.js';
import { SqlReader } from '../sql/sql-reader.js';
import { SqlWriter } from '../sql/sql-writer.js';
import { databaseError, WriteQueue } from './write-queue.js';

const MILLISECONDS_PER_SECOND = 1_000;
const OWNER_ONLY = 0o600;
/** How long to wait for another program (`proxy show`, a Python proxy) that holds the file. */
const BUSY_TIMEOUT_MS = 5_000;
/** How soon changes that another process made to the same file are noticed. */
const POLL_INTERVAL_MS = 300;
/** The path of a database that lives in memory. */
export const IN_MEMORY = ':memory:';

export interface SqliteStoreOptions extends SchemaOptions {
  /** Path of the file, made when it is absent, or `:memory:`. */
  readonly path: string;
  /**
   * Whether a change waits for the disk before it is acknowledged. Default true; false may lose the last
   * changes when the machine loses power, and nothing when only this program dies.
   */
  readonly durable?: boolean;
  /** Called before each statement that may change something, for tests that look at the files between them. */
  readonly onStatement?: (sql: string) => void;
}

/**
 * Opens the store in a SQLite file, migrating what an older proxy left in it.
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`, `PROXY_DATABASE_FAILED`.
 */
export function openSqliteStore(options: SqliteStoreOptions): ProxyStore {
  const database = openDatabase(options.path, options.onStatement);
  try {
    prepareDatabase(database, options, options.path === IN_MEMORY ? undefined : options.path);
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
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(database: Database.Database, options: SqliteStoreOptions) {
    const { path, durable = true, now = () => new Date() } = options;
    this.#options = options;
    this.#writeSession = new SqliteSession(database);
    this.#flusher = durable && path !== IN_MEMORY ? new LogFlusher(path) : undefined;
    const writer = new SqlWriter(this.#writeSession, () => now().getTime() / MILLISECONDS_PER_SECOND);
    this.#writes = new WriteQueue(this.#writeSession, writer, async (waiting) => {
      await this.#flusher?.flush(waiting);
      this.#tellListeners();
    });
    if (path === IN_MEMORY) return;
    this.#readSession = new SqliteSession(new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS }));
    this.#reads = new ReadQueue(this.#readSession, new SqlReader(this.#readSession));
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

  async version(): Promise<StoreVersion> {
    return this.#currentVersion();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    this.#pollWhileNeeded();
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        this.#pollWhileNeeded();
      },
    };
  }

  async snapshot(): Promise<Uint8Array> {
    this.#refuseWhenClosed();
    await this.#writes.idle();
    return this.#writeSession.database.serialize();
  }

  async restore(snapshot: Uint8Array, { onlyIfEmpty = false }: RestoreOptions = {}): Promise<void> {
    this.#refuseWhenClosed();
    const source = openImage(snapshot, this.#options);
    try {
      await this.write(async (writer) => {
        if (onlyIfEmpty) await requireEmpty(writer);
        copyContent(source, this.#writeSession.database);
      });
    } finally {
      source.close();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#poll);
    await this.#writes.idle();
    await this.#reads?.idle();
    this.#flusher?.[Symbol.dispose]();
    this.#readSession?.database.close();
    this.#writeSession.database.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #currentVersion(): StoreVersion {
    this.#refuseWhenClosed();
    return this.#readSession?.dataVersion() ?? this.#writeSession.totalChanges();
  }

  #tellListeners(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** SQLite tells nobody of what another process changed; and nobody can in memory. */
  #pollWhileNeeded(): void {
    if (this.#readSession === undefined || this.#closed || this.#listeners.size === 0) {
      clearInterval(this.#poll);
      this.#poll = undefined;
      return;
    }
    if (this.#poll !== undefined) return;
    let seen = this.#currentVersion();
    this.#poll = setInterval(() => {
      const version = this.#currentVersion();
      if (version === seen) return;
      seen = version;
      this.#tellListeners();
    }, POLL_INTERVAL_MS);
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
