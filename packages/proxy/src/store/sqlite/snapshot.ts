import type { Database } from 'better-sqlite3';

import { quoteIdentifier } from '../migration/sql-dump.js';

interface TableEntry {
  readonly name: string;
  readonly sql: string;
}

/** Replaces the rows of all tables by those of another database of the same schema, inside the caller's transaction. */
export function copyContent(source: Database, target: Database): void {
  const tables = source
    .prepare<[], TableEntry>(
      `SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    )
    .all();
  for (const { name, sql } of tables) {
    const table = quoteIdentifier(name);
    // The order of rows means something: partitions are given out in it.
    const hidden = /without\s+rowid\s*$/i.test(sql) ? [] : ['rowid'];
    const columns = [
      ...new Set([
        ...hidden,
        ...source
          .prepare<[], { name: string }>(`PRAGMA table_info(${table})`)
          .all()
          .map((column) => quoteIdentifier(column.name)),
      ]),
    ];
    target.exec(`DELETE FROM ${table}`);
    const insert = target.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
    const rows = source.prepare(`SELECT ${columns.join(', ')} FROM ${table}`).raw();
    for (const row of rows.iterate()) insert.run(row);
  }
}
