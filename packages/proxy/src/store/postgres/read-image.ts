import type { Database } from 'better-sqlite3';
import { silentLogger } from '@slapos/slap';
import { Kysely } from 'kysely';
import type { Pool } from 'pg';

import { ProxyError } from '../../errors.js';
import { newImage } from '../sqlite/image.js';
import { connectionOptions, openPool } from './connection.js';
import { copyToSqlite } from './content.js';
import { shownDatabaseUri } from './database-uri.js';
import { isMigrated, migrationDialect } from './migrations.js';
import { cannotOpen } from './postgres-errors.js';

/**
 * Copies the content of a PostgreSQL database into a SQLite database in memory, and changes nothing. The caller closes it.
 * @throws ProxyError `PROXY_DATABASE_FAILED`, `PROXY_DATABASE_TOO_NEW`, `PROXY_DATABASE_NOT_MIGRATED`.
 */
export async function readPostgresImage(databaseUri: string): Promise<Database> {
  return withConnection(databaseUri, async (database, pool) => {
    if (!(await isMigrated(database))) {
      throw new ProxyError(
        'PROXY_DATABASE_NOT_MIGRATED',
        `${JSON.stringify(shownDatabaseUri(databaseUri))} holds no mini-master of this version`,
        { hint: 'Start the proxy on it once (slapos proxy start): that makes what is missing.' },
      );
    }
    const image = newImage({ computerId: '' });
    const client = await pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await copyToSqlite(client, image);
      return image;
    } catch (error) {
      image.close();
      throw error;
    } finally {
      client.release(true);
    }
  });
}

/**
 * Whether a PostgreSQL database holds a mini-master of this version. Changes nothing.
 * @throws ProxyError `PROXY_DATABASE_FAILED` when it cannot be reached, `PROXY_DATABASE_TOO_NEW`.
 */
export async function isPostgresPrepared(databaseUri: string): Promise<boolean> {
  return withConnection(databaseUri, isMigrated);
}

async function withConnection<T>(
  databaseUri: string,
  work: (database: Kysely<unknown>, pool: Pool) => Promise<T>,
): Promise<T> {
  const pool = openPool({ ...connectionOptions(databaseUri, { durable: true }), max: 1 }, silentLogger);
  const database = new Kysely<unknown>({ dialect: migrationDialect(pool) });
  try {
    return await work(database, pool);
  } catch (error) {
    throw cannotOpen(error, databaseUri);
  } finally {
    await database.destroy();
  }
}
