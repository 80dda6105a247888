import type { Database } from 'better-sqlite3';
import type { Logger } from '@slapos/slap';

import { ProxyError } from '../../errors.js';
import { createSharedTables } from '../sqlite/schema.js';
import { SCHEMA_VERSION, SHARED_TABLES } from '../tables.js';
import { migrateRequesters } from './requesters.js';
import { quoteIdentifier, writeSqlDump } from './sql-dump.js';

/** The oldest schema that was ever migrated by the Python proxy. */
const OLDEST_VERSION = 10;

export interface MigrationOptions {
  /** What the default computer is called: old schemas did not say it. */
  readonly computerId: string;
  /** Path of the database, from which the names of backups are made; `undefined` when it is in memory: no backup. */
  readonly path: string | undefined;
  readonly now: () => Date;
  readonly logger: Logger;
}

/**
 * Brings a database to our schema, inside the transaction that the caller has begun: after a crash at any instant the file is the old
 * one or the new one, never something between (spec: proxy §3.2). Makes the tables of an empty database.
 * Writes a backup beside the file first.
 * @throws ProxyError `PROXY_DATABASE_TOO_NEW` for a schema that we do not know, `PROXY_DATABASE_UNREADABLE` when it is no database of a proxy.
 */
export function migrate(database: Database, options: MigrationOptions): void {
  const tables = userTables(database);
  const versions = versionsOf(tables);
  const oldVersions = versions.filter((version) => version !== SCHEMA_VERSION);
  refuseUnknown(versions, options.path);
  if (oldVersions.length > 0) {
    backup(database, Math.max(...oldVersions), options);
    options.logger.info('Old schema detected: Migrating old tables...', { versions: oldVersions });
  }
  createSharedTables(database, options.computerId);
  // Two versions in one file are what an interrupted migration of the Python proxy leaves; the copies below repeat it harmlessly.
  for (const version of oldVersions) {
    migrateTables(database, version, tables);
    migrateRequesters(database, version, options.logger);
    for (const table of tables) {
      if (tableVersion(table) === version) database.exec(`DROP TABLE ${quoteIdentifier(table)}`);
    }
  }
}

/** Path of a backup: the database's, what it is for, and the time as Python writes it. */
export function backupPath(databasePath: string, purpose: string, now: Date): string {
  return `${databasePath}-backup-${purpose}${now.toISOString().replace('Z', '000')}.sql`;
}

function backup(database: Database, version: number, { path, now, logger }: MigrationOptions): void {
  if (path === undefined) return;
  const file = backupPath(path, `${version}to${SCHEMA_VERSION}-`, now());
  logger.info('Old schema detected: Creating a backup of current tables', { path: file });
  writeSqlDump(database, file);
}

function migrateTables(database: Database, version: number, tables: readonly string[]): void {
  for (const table of SHARED_TABLES) {
    const oldTable = `${table.slice(0, -String(SCHEMA_VERSION).length)}${version}`;
    if (!tables.includes(oldTable)) continue;
    const columns = commonColumns(database, oldTable, table, version).map(quoteIdentifier).join(', ');
    // Tables without a key would get each row twice when a half-done copy is repeated.
    const distinct = hasKey(database, table) ? '' : 'DISTINCT';
    database.exec(
      `INSERT OR REPLACE INTO ${table} (${columns}) SELECT ${distinct} ${columns} FROM ${quoteIdentifier(oldTable)} ORDER BY rowid`,
    );
  }
  const oldRoot = `local_software_release_root${version}`;
  if (tables.includes(oldRoot)) {
    // Several rows occur; the last that says something is the last that was stored.
    database.exec(
      `INSERT OR REPLACE INTO config17 (name, value)
       SELECT 'local_software_release_root', path FROM ${oldRoot} WHERE path IS NOT NULL ORDER BY rowid DESC LIMIT 1`,
    );
  }
}

function commonColumns(database: Database, from: string, to: string, version: number): string[] {
  const columnsOf = (table: string) =>
    database
      .prepare<[], { name: string }>(`PRAGMA table_info(${quoteIdentifier(table)})`)
      .all()
      .map(({ name }) => name);
  const known = new Set(columnsOf(to));
  // Before version 17 it held a partition id, not a name: see migrateRequesters.
  const changesMeaning = (column: string) => version < SCHEMA_VERSION && column === 'requested_by';
  return columnsOf(from).filter((column) => known.has(column) && !changesMeaning(column));
}

function hasKey(database: Database, table: string): boolean {
  return database
    .prepare<[], { pk: number }>(`PRAGMA table_info(${table})`)
    .all()
    .some(({ pk }) => pk > 0);
}

function userTables(database: Database): string[] {
  return database
    .prepare<[], { name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid`)
    .all()
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('sqlite_'));
}

function tableVersion(table: string): number {
  return Number(/\d+$/.exec(table)?.[0] ?? Number.NaN);
}

function versionsOf(tables: readonly string[]): number[] {
  return [...new Set(tables.map(tableVersion))].sort((a, b) => a - b);
}

function refuseUnknown(versions: readonly number[], path: string | undefined): void {
  const name = path === undefined ? 'The database' : `The database ${JSON.stringify(path)}`;
  if (versions.some(Number.isNaN)) {
    throw new ProxyError('PROXY_DATABASE_UNREADABLE', `${name} has tables that no SlapOS proxy made`, {
      hint: 'Check database_uri: it must name a file of a SlapOS proxy, or one that does not exist yet.',
    });
  }
  const newest = versions.at(-1) ?? SCHEMA_VERSION;
  if (newest > SCHEMA_VERSION) {
    throw new ProxyError(
      'PROXY_DATABASE_TOO_NEW',
      `${name} has schema version ${newest}; this program knows up to ${SCHEMA_VERSION}`,
      {
        hint: 'Use a newer version of this program, or restore the backup that the newer one made.',
      },
    );
  }
  const oldest = versions.at(0) ?? SCHEMA_VERSION;
  if (oldest < OLDEST_VERSION) {
    throw new ProxyError(
      'PROXY_DATABASE_UNREADABLE',
      `${name} has schema version ${oldest}; the oldest that can be read is ${OLDEST_VERSION}`,
      {
        hint: 'Open it once with an older SlapOS proxy, which migrates it.',
      },
    );
  }
}
