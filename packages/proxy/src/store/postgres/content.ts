import type { Database } from 'better-sqlite3';
import type { ClientBase } from 'pg';

import { type ContentTable, contentTables, rowAdder, rowsOf } from '../sqlite/snapshot.js';
import { OWN_TABLES, SHARED_TABLES } from '../tables.js';

/** How many rows are on the way at a time. */
const BATCH = 500;
const OUR_TABLES: ReadonlySet<string> = new Set([...SHARED_TABLES, ...OWN_TABLES]);

/** Adds all rows to an empty database of the same schema, inside the caller's transaction: both ends are to stand still. */
export async function copyToSqlite(source: ClientBase, target: Database): Promise<void> {
  for (const table of ourTables(target)) {
    const addRow = rowAdder(target, table);
    const columns = table.columns.map((column) => `"${column}"`).join(', ');
    await source.query(`DECLARE content NO SCROLL CURSOR FOR SELECT ${columns} FROM ${table.name} ORDER BY 1`);
    for (let isMore = true; isMore; ) {
      const { rows } = await source.query<unknown[]>({ text: `FETCH ${BATCH} FROM content`, rowMode: 'array' });
      for (const row of rows) addRow(row);
      isMore = rows.length === BATCH;
    }
    await source.query('CLOSE content');
  }
}

/**
 * Replaces the rows of all tables by those of a SQLite database of the same schema, inside the caller's transaction.
 * @returns whether each tree has only one instance of a name, and is made sure to have from now on
 */
export async function copyFromSqlite(source: Database, target: ClientBase): Promise<boolean> {
  // A Python proxy could make two of one name.
  await target.query('DROP INDEX IF EXISTS partition17_name, partition17_name_shared');
  for (const table of ourTables(source)) {
    await target.query(`DELETE FROM ${table.name}`);
    for (const batch of batches(rowsOf(source, table))) await addRows(target, table, batch);
    const [counter] = table.columns.filter((column) => column === 'rowid' || column === 'id');
    // New rows come after these.
    if (counter !== undefined) {
      await target.query(
        `SELECT setval(pg_get_serial_sequence('${table.name}', '${counter}'), coalesce(max(${counter}), 0) + 1, false) FROM ${table.name}`,
      );
    }
  }
  return makeNameIndex(target);
}

async function addRows(target: ClientBase, { name, columns }: ContentTable, rows: readonly unknown[][]): Promise<void> {
  const names = columns.map((column) => `"${column}"`).join(', ');
  const objects = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
  await target.query(
    `INSERT INTO ${name} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${name}, $1::json)`,
    [JSON.stringify(objects)],
  );
}

async function makeNameIndex(target: ClientBase): Promise<boolean> {
  const columns = `(partition_reference, requested_by) WHERE slap_state = 'busy'`;
  const { rowCount } = await target.query(
    `SELECT 1 FROM partition17 WHERE slap_state = 'busy' GROUP BY partition_reference, requested_by HAVING count(*) > 1 LIMIT 1`,
  );
  const isUnique = rowCount === 0;
  await target.query(
    isUnique
      ? `CREATE UNIQUE INDEX partition17_name ON partition17 ${columns}`
      : `CREATE INDEX partition17_name_shared ON partition17 ${columns}`,
  );
  return isUnique;
}

function ourTables(database: Database): ContentTable[] {
  return contentTables(database).filter(({ name }) => OUR_TABLES.has(name));
}

function* batches<T>(items: Iterable<T>): Generator<T[], void, undefined> {
  let batch: T[] = [];
  for (const item of items) {
    if (batch.push(item) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
