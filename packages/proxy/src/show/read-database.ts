import { createHash } from 'node:crypto';

import type Database from 'better-sqlite3';
import { readParameterXml } from '@slapos/slap';

import { ProxyError } from '../errors.js';
import { openToRead } from '../store/read-snapshot.js';
import { SCHEMA_VERSION } from '../store/tables.js';

/** What can be shown of a database, in the order in which it is. */
export const PROXY_SHOW_SECTIONS = ['computers', 'software', 'partitions', 'slaves', 'params', 'network'] as const;

/** One of {@link PROXY_SHOW_SECTIONS}. */
export type ProxyShowSection = (typeof PROXY_SHOW_SECTIONS)[number];

/** A value of a cell. */
export type ProxyShowValue = string | number | null;

/** Rows of a table, by the names of their columns. */
export interface ProxyShowTable {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, ProxyShowValue>>[];
}

/** What an instance published. */
export interface PublishedParameters {
  readonly partitionId: string;
  readonly computerId: string;
  readonly title: string | null;
  readonly softwareType: string | null;
  /** In the order of the document. */
  readonly parameters: readonly (readonly [name: string, value: string | null])[];
}

/** The addresses of a partition. */
export interface PartitionAddresses {
  readonly partitionId: string;
  readonly computerId: string;
  readonly addresses: readonly string[];
}

/** The content of a proxy's database, for people (spec: proxy §12). */
export interface ProxyDatabaseContent {
  readonly computers: ProxyShowTable;
  readonly software: ProxyShowTable;
  /** Busy ones only. */
  readonly partitions: ProxyShowTable;
  readonly slaves: ProxyShowTable;
  readonly params: readonly PublishedParameters[];
  readonly network: readonly PartitionAddresses[];
  /** The newest report of nodes about each computer, release and partition; a Python proxy keeps none. */
  readonly reports: ProxyShowTable;
}

/**
 * Reads the database of a proxy, a file or in PostgreSQL, running or not, and changes nothing.
 * @throws ProxyError `PROXY_NOT_FOUND` when there is no such file, `PROXY_DATABASE_UNREADABLE`, `PROXY_DATABASE_FAILED`, and
 * `PROXY_DATABASE_NOT_MIGRATED` when no proxy of this version has opened it yet.
 */
export async function readProxyDatabase(databaseUri: string): Promise<ProxyDatabaseContent> {
  const database = await openToRead(databaseUri);
  try {
    requireSchema(database, databaseUri);
    return database.transaction(() => readContent(database))();
  } finally {
    database.close();
  }
}

function requireSchema(database: Database.Database, path: string): void {
  let versions: Set<string>;
  try {
    const names = database.prepare<[], string>(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all();
    versions = new Set(names.filter((name) => !name.startsWith('sqlite_')).map((name) => /\d*$/.exec(name)?.[0] ?? ''));
  } catch (error) {
    throw new ProxyError('PROXY_DATABASE_UNREADABLE', `${JSON.stringify(path)} is not a readable SQLite database`, {
      cause: error,
      hint: 'Check database_uri.',
    });
  }
  if (versions.size === 1 && versions.has(String(SCHEMA_VERSION))) return;
  const found = versions.size === 0 ? 'it is empty' : `it has version ${[...versions].join(' and ')}`;
  throw new ProxyError(
    'PROXY_DATABASE_NOT_MIGRATED',
    `${JSON.stringify(path)} is no database of schema version ${SCHEMA_VERSION}: ${found}`,
    {
      hint: 'Start the proxy on it once (slapos proxy start): that migrates it, and makes a backup first.',
    },
  );
}

function readContent(database: Database.Database): ProxyDatabaseContent {
  const software = readTable(database, 'SELECT * FROM software17 ORDER BY rowid');
  return {
    computers: readTable(database, 'SELECT * FROM computer17 ORDER BY rowid'),
    software: {
      columns: [...software.columns, 'md5'],
      rows: software.rows.map((row) => ({ ...row, md5: createHash('md5').update(String(row['url'])).digest('hex') })),
    },
    partitions: readTable(
      database,
      `SELECT reference, computer_reference, slap_state, software_release, software_type, partition_reference, requested_by, requested_state, timestamp
       FROM partition17 WHERE slap_state <> 'free' ORDER BY rowid`,
    ),
    slaves: readTable(
      database,
      'SELECT reference, computer_reference, hosted_by, asked_by FROM slave17 ORDER BY rowid',
    ),
    params: readPublished(database),
    network: readNetwork(database),
    reports: readReports(database),
  };
}

function readTable(database: Database.Database, sql: string): ProxyShowTable {
  const statement = database.prepare<[], Record<string, ProxyShowValue>>(sql);
  return { columns: statement.columns().map(({ name }) => name), rows: statement.all() };
}

interface PublishedRow {
  readonly partitionId: string;
  readonly computerId: string;
  readonly title: string | null;
  readonly softwareType: string | null;
  readonly connectionXml: string;
}

function readPublished(database: Database.Database): PublishedParameters[] {
  const rows = database
    .prepare<[], PublishedRow>(
      `SELECT reference AS partitionId, computer_reference AS computerId, partition_reference AS title, software_type AS softwareType,
       connection_xml AS connectionXml FROM partition17 WHERE connection_xml IS NOT NULL ORDER BY rowid`,
    )
    .all();
  return rows.map(({ connectionXml, ...row }) => ({ ...row, parameters: [...readParameterXml(connectionXml)] }));
}

function readNetwork(database: Database.Database): PartitionAddresses[] {
  const rows = database
    .prepare<[], { partitionId: string; computerId: string; address: string }>(
      `SELECT network.partition_reference AS partitionId, network.computer_reference AS computerId, network.address
       FROM partition_network17 AS network JOIN partition17 AS partition
       ON partition.reference = network.partition_reference AND partition.computer_reference = network.computer_reference
       WHERE partition.slap_state <> 'free' ORDER BY network.rowid`,
    )
    .all();
  const byPartition = new Map<string, { partitionId: string; computerId: string; addresses: string[] }>();
  for (const { partitionId, computerId, address } of rows) {
    const key = `${partitionId}\n${computerId}`;
    const known = byPartition.get(key);
    if (known === undefined) byPartition.set(key, { partitionId, computerId, addresses: [address] });
    else known.addresses.push(address);
  }
  return [...byPartition].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, partition]) => partition);
}

function readReports(database: Database.Database): ProxyShowTable {
  const isThere = database.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'node_report17'`).get() !== undefined;
  if (!isThere) return { columns: [], rows: [] };
  return readTable(
    database,
    `SELECT computer_reference, partition_reference, url, kind, message, datetime(reported_at, 'unixepoch') AS reported_at
     FROM node_report17 WHERE id IN (SELECT max(id) FROM node_report17 GROUP BY computer_reference, partition_reference, url) ORDER BY id`,
  );
}
