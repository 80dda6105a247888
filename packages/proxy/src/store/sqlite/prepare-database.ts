import type { Database } from 'better-sqlite3';
import { type Logger, silentLogger } from '@slapos/slap';

import { migrate, type MigrationOptions } from '../migration/migrate.js';
import { rebaseLocalReleases } from '../migration/rebase.js';
import { createNameConstraint, createOwnTables } from './schema.js';

/** 16 MB of write-ahead log: copying it into the database less often costs less. */
const CHECKPOINT_PAGES = 4_000;
const IN_MEMORY = ':memory:';

export interface SchemaOptions {
  /** Default of the columns that name a computer. */
  readonly computerId: string;
  /** Where local Software Releases lie; a change rewrites their paths. Default `/`. */
  readonly localSoftwareReleaseRoot?: string;
  readonly now?: () => Date;
  readonly logger?: Logger;
}

/**
 * Brings a database to our schema, in one transaction: makes its tables, or migrates what an older proxy left in it.
 * @param path where it lies, and backups beside it; `undefined` when it is in memory
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`.
 */
export function prepareDatabase(database: Database, options: SchemaOptions, path?: string): void {
  const { computerId, localSoftwareReleaseRoot = '/', now = () => new Date() } = options;
  const logger = options.logger ?? silentLogger;
  const migration: MigrationOptions = { computerId, path, now, logger };
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
        { path: path ?? IN_MEMORY },
      );
    }
    rebaseLocalReleases(database, localSoftwareReleaseRoot, migration);
    database.exec('COMMIT');
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
