import type { Database } from 'better-sqlite3';

import { quoteIdentifier } from '../migration/sql-dump.js';

interface TableEntry {
  readonly name: string;
  readonly sql: string;
}

/** A table, and what its rows are made of; with `rowid` where that is their order, which means something: partitions are given out in it. */
export interface ContentTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** The tables of a database of ours. */
export function contentTables(database: Database): ContentTable[] {
  const tables = database
    .prepare<[], TableEntry>(
      `SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    )
    .all();
  return tables.map(({ name, sql }) => {
    const columns = database.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(name);
    // A table with such an id is in its order.
    const isInOrderOfColumn = /without\s+rowid\s*$/i.test(sql) || /\bid INTEGER PRIMARY KEY\b/i.test(sql);
    return { name, columns: isInOrderOfColumn ? columns : ['rowid', ...columns] };
  });
}

/** Rows of a table in their order, as arrays in the order of its columns. */
export function rowsOf(database: Database, { name, columns }: ContentTable): IterableIterator<unknown[]> {
  const names = columns.map(quoteIdentifier).join(', ');
  return database
    .prepare(`SELECT ${names} FROM ${quoteIdentifier(name)} ORDER BY 1`)
    .raw()
    .iterate() as IterableIterator<unknown[]>;
}

/** Makes a function that adds a row, given as by {@link rowsOf}. */
export function rowAdder(database: Database, { name, columns }: ContentTable): (row: readonly unknown[]) => void {
  const places = columns.map(() => '?').join(', ');
  const insert = database.prepare(
    `INSERT INTO ${quoteIdentifier(name)} (${columns.map(quoteIdentifier).join(', ')}) VALUES (${places})`,
  );
  return (row) => void insert.run(row);
}

/** Replaces the rows of all tables by those of another database of the same schema, inside the caller's transaction. */
export function copyContent(source: Database, target: Database): void {
  for (const table of contentTables(source)) {
    target.exec(`DELETE FROM ${quoteIdentifier(table.name)}`);
    const addRow = rowAdder(target, table);
    for (const row of rowsOf(source, table)) addRow(row);
  }
}
