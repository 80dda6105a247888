import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

import type { Database } from 'better-sqlite3';

import { ProxyError } from '../../errors.js';

const OWNER_ONLY = 0o600;

interface SchemaEntry {
  readonly name: string;
  readonly type: string;
  readonly sql: string;
}

/**
 * Writes the whole database as SQL statements that make it again, flushed to the disk. The file must not exist; only its owner can read it.
 * @throws ProxyError `PROXY_DATABASE_FAILED` when the file cannot be written.
 */
export function writeSqlDump(database: Database, file: string): void {
  try {
    const descriptor = openSync(file, 'wx', OWNER_ONLY);
    try {
      for (const statement of sqlDump(database)) writeSync(descriptor, statement);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new ProxyError('PROXY_DATABASE_FAILED', `Cannot write the backup ${JSON.stringify(file)} of the database`, {
      cause: error,
      hint: 'The database was left as it is. Make its folder writable, and free some space.',
    });
  }
}

/** The statements of a dump, one after the other. */
export function* sqlDump(database: Database): Generator<string> {
  const entries = database
    .prepare<[], SchemaEntry>(
      `SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type = 'table' DESC, rowid`,
    )
    .all();
  yield 'BEGIN TRANSACTION;\n';
  for (const { name, type, sql } of entries) {
    yield `${sql};\n`;
    if (type === 'table') yield* insertStatements(database, name);
  }
  yield 'COMMIT;\n';
}

function* insertStatements(database: Database, table: string): Generator<string> {
  const name = quoteIdentifier(table);
  const columns = database.prepare<[], { name: string }>(`PRAGMA table_info(${name})`).all();
  // SQLite writes its values itself: it knows text from numbers from blobs.
  const values = columns.map((column) => `quote(${quoteIdentifier(column.name)})`).join(` || ',' || `);
  const rows = database.prepare<[], { line: string }>(`SELECT ${values} AS line FROM ${name}`);
  for (const { line } of rows.iterate()) yield `INSERT INTO ${name} VALUES(${line});\n`;
}

/** A name as SQL wants it between double quotes. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
