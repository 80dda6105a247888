import type { Database } from 'better-sqlite3';
import type { Logger } from '@slapos/slap';

import { marshal, unmarshal } from '@slapos/slap';

import { SCHEMA_VERSION } from '../tables.js';

interface OldPartition {
  readonly partitionId: string;
  readonly computerId: string;
  readonly instanceName: string | null;
  readonly requestedBy: string | null;
}

interface OldSlave {
  readonly rowid: number;
  readonly slaveReference: string | null;
  readonly computerId: string;
  readonly hostedBy: string | null;
  readonly askedBy: string | null;
}

const MARSHALLED_KEYS_OF_REFERENCE = ['slave_reference', 'slave_title'];

/**
 * Before version 17, `requested_by` and `asked_by` held the partition id of the direct requester; since then the name of the root
 * instance of the tree. Works on the rows that were already copied. The references of slaves hold it too, and are
 * renamed in the rows and in the lists of their hosts: otherwise the next request of such a slave would make a second one.
 */
export function migrateRequesters(database: Database, version: number, logger: Logger): void {
  if (version >= SCHEMA_VERSION || !hasTable(database, `partition${version}`)) return;
  const rootNameOf = rootNames(oldPartitions(database, version), logger);
  const update = database.prepare(
    'UPDATE partition17 SET requested_by = ? WHERE reference = ? AND computer_reference = ?',
  );
  for (const partition of oldPartitions(database, version)) {
    update.run(rootNameOf(partition.computerId, partition.requestedBy), partition.partitionId, partition.computerId);
  }
  if (hasTable(database, `slave${version}`)) migrateSlaves(database, rootNameOf, logger);
}

function oldPartitions(database: Database, version: number): OldPartition[] {
  // The copy is joined for its computer: schema 10 did not know computers, and the copy has the default.
  return database
    .prepare<[], OldPartition>(
      `SELECT new.reference AS partitionId, new.computer_reference AS computerId, new.partition_reference AS instanceName, old.requested_by AS requestedBy
       FROM partition${version} AS old JOIN partition17 AS new ON new.reference = old.reference
       ${hasColumn(database, `partition${version}`, 'computer_reference') ? 'AND new.computer_reference = old.computer_reference' : ''}`,
    )
    .all();
}

/** Walks up from a requester to its root and gives the root's name, `''` for the user. */
function rootNames(
  partitions: readonly OldPartition[],
  logger: Logger,
): (computerId: string, requester: string | null) => string {
  const byKey = new Map(
    partitions.map((partition) => [`${partition.computerId}\n${partition.partitionId}`, partition]),
  );
  return (computerId, requester) => {
    const visited = new Set<string>();
    let current = requester ?? '';
    let name = '';
    while (current !== '') {
      const partition = byKey.get(`${computerId}\n${current}`);
      if (partition === undefined || visited.has(current)) {
        logger.warn('The requester of an instance is not a partition of its computer: the instance becomes a root', {
          computerId,
          requester: current,
        });
        return '';
      }
      visited.add(current);
      name = partition.instanceName ?? '';
      current = partition.requestedBy ?? '';
    }
    return name;
  };
}

function migrateSlaves(database: Database, rootNameOf: ReturnType<typeof rootNames>, logger: Logger): void {
  const slaves = database
    .prepare<[], OldSlave>(
      `SELECT rowid, reference AS slaveReference, computer_reference AS computerId, hosted_by AS hostedBy, asked_by AS askedBy FROM slave17`,
    )
    .all();
  const update = database.prepare('UPDATE slave17 SET reference = ?, asked_by = ? WHERE rowid = ?');
  for (const slave of slaves) {
    const requester = slave.askedBy ?? '';
    const prefix = `${requester}_`;
    const rootName = rootNameOf(slave.computerId, requester);
    if (requester === '' || slave.slaveReference?.startsWith(prefix) !== true) {
      update.run(slave.slaveReference, rootName, slave.rowid);
      continue;
    }
    const reference = `${rootName}_${slave.slaveReference.slice(prefix.length)}`;
    update.run(reference, rootName, slave.rowid);
    renameInHost(database, slave, reference, logger);
  }
}

function renameInHost(database: Database, slave: OldSlave, reference: string, logger: Logger): void {
  const host = database
    .prepare<[string | null, string], { list: string | null }>(
      'SELECT slave_instance_list AS list FROM partition17 WHERE reference = ? AND computer_reference = ?',
    )
    .get(slave.hostedBy, slave.computerId);
  if (host?.list === null || host?.list === undefined || host.list === '') return;
  try {
    const entries = unmarshal(host.list);
    if (!Array.isArray(entries)) return;
    for (const entry of entries) {
      if (!(entry instanceof Map) || entry.get('slave_reference') !== slave.slaveReference) continue;
      for (const key of MARSHALLED_KEYS_OF_REFERENCE) entry.set(key, reference);
    }
    database
      .prepare('UPDATE partition17 SET slave_instance_list = ? WHERE reference = ? AND computer_reference = ?')
      .run(marshal(entries), slave.hostedBy, slave.computerId);
  } catch (error) {
    logger.warn('The list of shared instances of a host cannot be read, and stays as it is', {
      partitionId: slave.hostedBy,
      computerId: slave.computerId,
      error: String(error),
    });
  }
}

function hasTable(database: Database, table: string): boolean {
  return database.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`).get(table) !== undefined;
}

function hasColumn(database: Database, table: string, column: string): boolean {
  return database
    .prepare<[], { name: string }>(`PRAGMA table_info(${table})`)
    .all()
    .some(({ name }) => name === column);
}
