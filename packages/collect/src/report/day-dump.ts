import type { UntrustedDirectory } from '@slapos/host';
import { type Kysely, sql } from 'kysely';

import { csvLine, pythonFloat } from '../python-text.js';
import { type CollectorTable, type CollectorTables, TABLE_COLUMNS, TABLE_NAMES } from '../store/tables.js';
import { markReported, unreportedDates } from '../store/write-rows.js';

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Writes all rows of each past day that has new ones to a folder of that day, and marks them, in this order: after a crash
 * between the two the files are written again. (spec: collect §5.2)
 * @param dataLog the folder `var/data-log`
 * @returns the dates
 */
export async function dumpPastDays(
  tables: Kysely<CollectorTables>,
  dataLog: UntrustedDirectory,
  today: string,
): Promise<string[]> {
  // A date that is none would be a name that is none; such rows stay where they are.
  const dates = (await unreportedDates(tables, today)).filter((date) => DATE.test(date));
  for (const date of dates) {
    await using folder = await dataLog.openSubdirectory(date, { create: true, mode: FOLDER_MODE });
    for (const table of TABLE_NAMES) {
      await folder.writeAtomic(`dump_${table}.csv`, await dumpOf(tables, table, date), { mode: FILE_MODE });
    }
    await markReported(tables, date);
  }
  return dates;
}

/** All rows of a table and a date in the order in which they were added, all columns in their order, without a header. */
async function dumpOf(tables: Kysely<CollectorTables>, table: CollectorTable, date: string): Promise<string> {
  const columns = Object.entries(TABLE_COLUMNS[table]);
  const rows: Record<string, unknown>[] = await tables
    .selectFrom(table)
    .selectAll()
    .where('date', '=', date)
    .orderBy(sql`rowid`)
    .execute();
  return rows.map((row) => csvLine(columns.map(([name, type]) => fieldText(row[name], type)))).join('');
}

function fieldText(value: unknown, type: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number')
    return type === 'real' || !Number.isInteger(value) ? pythonFloat(value) : String(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
