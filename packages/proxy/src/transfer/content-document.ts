import type { Database } from 'better-sqlite3';
import { z } from 'zod';

import { ProxyError } from '../errors.js';
import { newImage, openImage } from '../store/sqlite/image.js';
import { type ContentTable, contentTables, rowAdder, rowsOf } from '../store/sqlite/snapshot.js';
import { OWN_TABLES, SCHEMA_VERSION, SHARED_TABLES } from '../store/tables.js';

const API_VERSION = 'slapos.proxy/1';
const KIND = 'ProxyContent';
const OUR_TABLES: ReadonlySet<string> = new Set([...SHARED_TABLES, ...OWN_TABLES]);

const rowSchema = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const documentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION, {
    error: `expected ${API_VERSION}: what slapos proxy export writes`,
  }),
  kind: z.literal(KIND),
  tables: z.record(z.string(), z.array(rowSchema)),
});

type Row = z.output<typeof rowSchema>;

/**
 * The whole content of a mini-master as plain data, for files that people read and other versions take: each table by its name without the
 * version of the schema, its rows in their order, columns without a value left out.
 */
export type ProxyContentDocument = z.output<typeof documentSchema>;

/**
 * The document of a snapshot.
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_TOO_NEW`.
 */
export function documentOfSnapshot(snapshot: Uint8Array): ProxyContentDocument {
  const image = openImage(snapshot, { computerId: '' });
  try {
    const tables = ourTables(image).map((table): [string, Row[]] => [
      shortName(table.name),
      [...objectsOf(image, table)],
    ]);
    return { apiVersion: API_VERSION, kind: KIND, tables: Object.fromEntries(tables) };
  } finally {
    image.close();
  }
}

/**
 * The snapshot of a document.
 * @throws ProxyError `PROXY_DATABASE_UNREADABLE` that says where the document is no content of a mini-master.
 */
export function snapshotOfDocument(document: unknown): Uint8Array {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error), parsed.error);
  const image = newImage({ computerId: '' });
  try {
    const known = new Map(ourTables(image).map((table) => [shortName(table.name), table]));
    image.exec('DELETE FROM config17');
    for (const [name, rows] of Object.entries(parsed.data.tables)) {
      const table = known.get(name);
      if (table === undefined) throw unreadable(`${name} is no table: ${[...known.keys()].join(', ')} are`);
      addRows(image, table, rows);
    }
    return image.serialize();
  } finally {
    image.close();
  }
}

function* objectsOf(image: Database, table: ContentTable): Generator<Row, void, undefined> {
  const columns = named(table);
  for (const row of rowsOf(image, table)) {
    const values = row.slice(table.columns.length - columns.length);
    const cells = columns.map((column, index) => [column, values[index]] as const);
    yield Object.fromEntries(cells.filter((cell): cell is [string, string | number] => cell[1] !== null));
  }
}

function addRows(image: Database, table: ContentTable, rows: readonly Row[]): void {
  const columns = named(table);
  for (const [index, row] of rows.entries()) {
    const where = `row ${index + 1} of ${shortName(table.name)}`;
    const unknown = Object.keys(row).find((column) => !columns.includes(column));
    if (unknown !== undefined) throw unreadable(`${where} has ${unknown}, which is none of ${columns.join(', ')}`);
    // What is left out is nothing, or what the table takes by itself.
    const given = columns.filter((column) => row[column] !== undefined && row[column] !== null);
    try {
      rowAdder(image, { name: table.name, columns: given })(given.map((column) => row[column]));
    } catch (error) {
      throw unreadable(`${where} cannot be kept: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  }
}

/** Its columns without the number that only says the order. */
function named({ columns }: ContentTable): readonly string[] {
  return columns[0] === 'rowid' ? columns.slice(1) : columns;
}

function ourTables(database: Database): ContentTable[] {
  return contentTables(database).filter(({ name }) => OUR_TABLES.has(name));
}

function shortName(table: string): string {
  return table.slice(0, -String(SCHEMA_VERSION).length);
}

function unreadable(problem: string, cause?: unknown): ProxyError {
  return new ProxyError('PROXY_DATABASE_UNREADABLE', `This is no content of a mini-master: ${problem}`, {
    cause,
    hint: 'Take a file that slapos proxy export wrote. Nothing was changed.',
  });
}
