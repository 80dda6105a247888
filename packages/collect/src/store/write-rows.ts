import type { Insertable, Kysely } from 'kysely';

import { type CollectorTable, type CollectorTables, TABLE_COLUMNS, TABLE_NAMES } from './tables.js';

/** SQLite takes 32766 values in one statement. */
const MAX_VALUES = 30_000;

/** Rows of one run, by table. */
export type NewRows = { readonly [Table in CollectorTable]?: readonly Insertable<CollectorTables[Table]>[] };

/** Adds rows, all or none. */
export async function addRows(tables: Kysely<CollectorTables>, rows: NewRows): Promise<void> {
  await tables.transaction().execute(async (transaction) => {
    for (const table of TABLE_NAMES) {
      const wanted = rows[table] ?? [];
      const size = Math.floor(MAX_VALUES / Object.keys(TABLE_COLUMNS[table]).length);
      for (let start = 0; start < wanted.length; start += size) {
        await transaction
          .insertInto(table)
          .values(wanted.slice(start, start + size))
          .execute();
      }
    }
  });
}

/** Dates that have rows which are in no dump yet, those of today left out. */
export async function unreportedDates(tables: Kysely<CollectorTables>, today: string): Promise<string[]> {
  const dates = new Set<string>();
  for (const table of TABLE_NAMES) {
    const found = await tables
      .selectFrom(table)
      .select('date')
      .distinct()
      .where('reported', '=', 0)
      .where('date', '!=', today)
      .execute();
    for (const { date } of found) dates.add(date);
  }
  return [...dates].sort();
}

/** Says that all rows of a date are in its dump. */
export async function markReported(tables: Kysely<CollectorTables>, date: string): Promise<void> {
  await tables.transaction().execute(async (transaction) => {
    for (const table of TABLE_NAMES) {
      await transaction
        .updateTable(table)
        .set({ reported: 1 })
        .where('date', '=', date)
        .where('reported', '=', 0)
        .execute();
    }
  });
}

/**
 * Deletes rows that are in a dump and whose date is none of these. Rows of the heating test stay: there is one in a machine's boot.
 * @returns how many rows went
 */
export async function forgetReported(tables: Kysely<CollectorTables>, keptDates: readonly string[]): Promise<number> {
  let deleted = 0;
  for (const table of TABLE_NAMES.filter((name) => name !== 'heating')) {
    const base = tables.deleteFrom(table).where('reported', '=', 1);
    const result = await (keptDates.length === 0 ? base : base.where('date', 'not in', keptDates)).executeTakeFirst();
    deleted += Number(result.numDeletedRows);
  }
  return deleted;
}
