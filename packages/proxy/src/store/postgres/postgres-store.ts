import { randomUUID } from 'node:crypto';

import { type Logger, silentLogger } from '@slapos/slap';
import { Kysely } from 'kysely';
import type pg from 'pg';

import { ProxyError } from '../../errors.js';
import type { ProxyStore, RestoreOptions, StoreReader, StoreVersion, StoreWriter } from '../proxy-store.js';
import { requireEmpty } from '../require-empty.js';
import { SqlReader } from '../sql/sql-reader.js';
import { SqlWriter } from '../sql/sql-writer.js';
import { newImage, openImage } from '../sqlite/image.js';
import type { SchemaOptions } from '../sqlite/prepare-database.js';
import { CHANGE_CHANNEL, ChangeListener } from './change-listener.js';
import { connectionOptions, openPool } from './connection.js';
import { copyFromSqlite, copyToSqlite } from './content.js';
import { migrate, migrationDialect } from './migrations.js';
import { cannotOpen, postgresError } from './postgres-errors.js';
import { PostgresSession } from './postgres-session.js';
import { rebaseLocalReleases } from './rebase.js';
import { WriteQueue } from './write-queue.js';

const MILLISECONDS_PER_SECOND = 1_000;
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** Also others may use the database: the lock is of this kind and of the schema that the tables are in. */
const BEGIN_WRITING = `BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(hashtextextended('slapos-proxy ' || current_schema(), 0))`;

export interface PostgresStoreOptions extends SchemaOptions {
  /** `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, as libpq takes it. */
  readonly databaseUri: string;
  /** Whether a change waits for the server's disk before it is acknowledged. Default true. */
  readonly durable?: boolean;
}

/**
 * Opens the store in a PostgreSQL database, which any number of processes may share; makes or migrates its tables.
 * @throws ProxyError `PROXY_DATABASE_FAILED`, `PROXY_DATABASE_TOO_NEW`.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<ProxyStore> {
  const { databaseUri, localSoftwareReleaseRoot = '/', durable = true, logger = silentLogger } = options;
  const connection = connectionOptions(databaseUri, { durable });
  try {
    // Its own pool: kysely ends it.
    const database = new Kysely<unknown>({ dialect: migrationDialect(openPool({ ...connection, max: 1 }, logger)) });
    await migrate(database).finally(() => database.destroy());
    const store = new PostgresStore(connection, options, logger);
    try {
      await store.useLocalReleaseRoot(localSoftwareReleaseRoot);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  } catch (error) {
    throw cannotOpen(error, databaseUri);
  }
}

class PostgresStore implements ProxyStore {
  readonly #connection: pg.PoolConfig;
  readonly #options: PostgresStoreOptions;
  readonly #logger: Logger;
  readonly #pool: pg.Pool;
  readonly #writes: WriteQueue;
  readonly #name = randomUUID();
  readonly #listeners = new Set<() => void>();
  #changes: ChangeListener | undefined;
  #closed = false;

  constructor(connection: pg.PoolConfig, options: PostgresStoreOptions, logger: Logger) {
    this.#connection = connection;
    this.#options = options;
    this.#logger = logger;
    this.#pool = openPool(connection, logger);
    const { now = () => new Date() } = options;
    this.#writes = new WriteQueue({
      pool: this.#pool,
      writerOn: (client) => new SqlWriter(new PostgresSession(client), () => now().getTime() / MILLISECONDS_PER_SECOND),
      begin: BEGIN_WRITING,
      commit: `SELECT pg_notify('${CHANGE_CHANNEL}', '${this.#name}') WHERE pg_current_xact_id_if_assigned() IS NOT NULL; COMMIT`,
      onCommit: () => this.#tellListeners(),
    });
  }

  async read<T>(work: (reader: StoreReader) => Promise<T>): Promise<T> {
    return this.#reading((client) => work(new SqlReader(new PostgresSession(client))));
  }

  async write<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed();
    return this.#writes.add(work);
  }

  async version(): Promise<StoreVersion> {
    this.#refuseWhenClosed();
    try {
      const { rows } = await this.#pool.query<{ version: string }>('SELECT pg_current_snapshot()::text AS version');
      return rows[0]?.version ?? '';
    } catch (error) {
      throw postgresError(error);
    }
  }

  onChange(listener: () => void): Disposable {
    this.#refuseWhenClosed();
    this.#listeners.add(listener);
    this.#changes ??= new ChangeListener({
      connection: this.#connection,
      ownName: this.#name,
      onChange: () => this.#tellListeners(),
      logger: this.#logger,
    });
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) void this.#stopListening();
      },
    };
  }

  async snapshot(): Promise<Uint8Array> {
    const image = newImage(this.#options);
    try {
      await this.#reading((client) => copyToSqlite(client, image));
      return image.serialize();
    } finally {
      image.close();
    }
  }

  async restore(snapshot: Uint8Array, { onlyIfEmpty = false }: RestoreOptions = {}): Promise<void> {
    this.#refuseWhenClosed();
    const image = openImage(snapshot, this.#options);
    try {
      const isUnique = await this.#writes.add(async (writer, client) => {
        if (onlyIfEmpty) await requireEmpty(writer);
        return copyFromSqlite(image, client);
      });
      if (!isUnique) {
        this.#logger.warn(
          'Some trees in this database have several instances of one name: that they do not is checked no more',
        );
      }
    } finally {
      image.close();
    }
  }

  /** Follows a move of the folder below which local Software Releases lie (spec: proxy §3.3). */
  async useLocalReleaseRoot(newRoot: string): Promise<void> {
    await this.#writes.add((_writer, client) => rebaseLocalReleases(client, newRoot, this.#logger));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#stopListening();
    await this.#writes.idle();
    await this.#pool.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #reading<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed();
    let client: pg.PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      await client.query(BEGIN_READING);
      const value = await work(client);
      await client.query('COMMIT');
      client.release();
      return value;
    } catch (error) {
      // What says that something is not there leaves the connection as good as it was.
      if (error instanceof ProxyError && client !== undefined)
        await client.query('ROLLBACK').then(() => client?.release());
      else client?.release(true);
      throw postgresError(error);
    }
  }

  async #stopListening(): Promise<void> {
    const changes = this.#changes;
    this.#changes = undefined;
    await changes?.[Symbol.asyncDispose]();
  }

  #tellListeners(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new ProxyError('PROXY_CLOSED', 'The proxy is closed', { hint: 'Make a new one.' });
  }
}
