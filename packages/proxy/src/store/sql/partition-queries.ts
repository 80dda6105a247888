import { sql } from 'kysely';

import type { NetworkRecord, PartitionCount, PartitionKey, PartitionRecord } from '../records.js';
import { defineQuery } from './query-definition.js';

const PARTITION_COLUMNS = [
  'reference as partitionId',
  'computer_reference as computerId',
  'slap_state as slapState',
  'software_release as softwareReleaseUrl',
  'xml as parameterXml',
  'connection_xml as connectionXml',
  'slave_instance_list as sharedInstanceList',
  'software_type as softwareType',
  'partition_reference as instanceName',
  'requested_by as rootName',
  'requested_state as requestedState',
  'timestamp as changedAt',
] as const;

const NETWORK_COLUMNS = [
  'partition_reference as partitionId',
  'reference as interfaceName',
  'address',
  'netmask',
] as const;

interface InstanceArguments extends PartitionKey {
  readonly softwareReleaseUrl: string;
  readonly parameterXml: string;
  readonly softwareType: string;
  readonly requestedState: string;
  readonly changedAt: number | null;
}

export const partitionByKey = defineQuery<PartitionKey, PartitionRecord>((database, p) =>
  database
    .selectFrom('partition17')
    .select(PARTITION_COLUMNS)
    .where('reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId')),
);

export const partitionsOfComputer = defineQuery<{ computerId: string }, PartitionRecord>((database, p) =>
  database
    .selectFrom('partition17')
    .select(PARTITION_COLUMNS)
    .where('computer_reference', '=', p('computerId'))
    .orderBy('rowid'),
);

export const instanceByName = defineQuery<{ name: string; rootName: string }, PartitionRecord>((database, p) =>
  database
    .selectFrom('partition17')
    .select(PARTITION_COLUMNS)
    .where('partition_reference', '=', p('name'))
    .where('requested_by', '=', p('rootName'))
    .where('slap_state', '=', sql.lit('busy'))
    .orderBy('rowid')
    .limit(sql.lit(1)),
);

export const firstInstanceByName = defineQuery<{ name: string }, PartitionRecord>((database, p) =>
  database
    .selectFrom('partition17')
    .select(PARTITION_COLUMNS)
    .where('partition_reference', '=', p('name'))
    .where('slap_state', '=', sql.lit('busy'))
    .orderBy('rowid')
    .limit(sql.lit(1)),
);

/** With `rootName` `''`: the roots. Otherwise: all descendants of that root. */
export const instancesRequestedBy = defineQuery<{ rootName: string }, PartitionRecord>((database, p) =>
  database
    .selectFrom('partition17')
    .select(PARTITION_COLUMNS)
    .where('requested_by', '=', p('rootName'))
    .where('slap_state', '=', sql.lit('busy'))
    .orderBy('rowid'),
);

/** Conditions that are null are not used. */
export const hostOfShared = defineQuery<
  { computerId: string; softwareReleaseUrl: string; softwareType: string | null; partitionId: string | null },
  PartitionRecord
>((database, p) =>
  database
    .selectFrom('partition17')
    .select(PARTITION_COLUMNS)
    .where('computer_reference', '=', p('computerId'))
    .where('software_release', '=', p('softwareReleaseUrl'))
    .where(sql<boolean>`(cast(${p('softwareType')} as text) is null or software_type = ${p('softwareType')})`)
    .where(sql<boolean>`(cast(${p('partitionId')} as text) is null or reference = ${p('partitionId')})`)
    .orderBy('rowid')
    .limit(sql.lit(1)),
);

/** Takes the first free partition in one statement: it is never taken twice, whoever else writes. */
export const takeFirstFree = defineQuery<
  Omit<InstanceArguments, 'partitionId'> & { instanceName: string; rootName: string },
  PartitionRecord
>((database, p) =>
  database
    .updateTable('partition17')
    .set({
      slap_state: 'busy',
      software_release: p('softwareReleaseUrl'),
      xml: p('parameterXml'),
      software_type: p('softwareType'),
      partition_reference: p('instanceName'),
      requested_by: p('rootName'),
      requested_state: p('requestedState'),
      timestamp: p('changedAt'),
    })
    .where(
      'rowid',
      '=',
      database
        .selectFrom('partition17')
        .select('rowid')
        .where('computer_reference', '=', p('computerId'))
        .where('slap_state', '=', sql.lit('free'))
        .orderBy('rowid')
        .limit(sql.lit(1)),
    )
    .returning(PARTITION_COLUMNS),
);

export const updateInstance = defineQuery<InstanceArguments, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({
      slap_state: 'busy',
      software_release: p('softwareReleaseUrl'),
      xml: p('parameterXml'),
      software_type: p('softwareType'),
      requested_state: p('requestedState'),
      timestamp: p('changedAt'),
    })
    .where('reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId')),
);

export const freePartition = defineQuery<PartitionKey, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({
      slap_state: 'free',
      software_release: null,
      xml: null,
      connection_xml: null,
      slave_instance_list: null,
      software_type: null,
      partition_reference: null,
      requested_by: '',
      requested_state: 'started',
    })
    .where('reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId')),
);

export const renameInstance = defineQuery<PartitionKey & { name: string }, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({ partition_reference: p('name') })
    .where('reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId')),
);

export const renameRoot = defineQuery<{ from: string; to: string }, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({ requested_by: p('to') })
    .where('requested_by', '=', p('from')),
);

export const setStateOfDescendants = defineQuery<{ rootName: string; requestedState: string }, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({ requested_state: p('requestedState') })
    .where('requested_by', '=', p('rootName'))
    .where('slap_state', '=', sql.lit('busy')),
);

export const touchDescendants = defineQuery<{ rootName: string; changedAt: number }, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({ timestamp: p('changedAt') })
    .where('requested_by', '=', p('rootName'))
    .where('slap_state', '=', sql.lit('busy')),
);

export const touchRoot = defineQuery<{ rootName: string; changedAt: number }, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({ timestamp: p('changedAt') })
    .where('partition_reference', '=', p('rootName'))
    .where('requested_by', '=', sql.lit(''))
    .where('slap_state', '=', sql.lit('busy')),
);

export const setConnection = defineQuery<PartitionKey & { connectionXml: string }, unknown>((database, p) =>
  database
    .updateTable('partition17')
    .set({ connection_xml: p('connectionXml') })
    .where('reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId')),
);

export const setSharedInstances = defineQuery<
  PartitionKey & { sharedInstanceList: string; changedAt: number },
  unknown
>((database, p) =>
  database
    .updateTable('partition17')
    .set({ slave_instance_list: p('sharedInstanceList'), timestamp: p('changedAt') })
    .where('reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId')),
);

export const addPartition = defineQuery<PartitionKey, unknown>((database, p) =>
  database
    .insertInto('partition17')
    .values({ reference: p('partitionId'), computer_reference: p('computerId'), slap_state: 'free' } as never)
    .onConflict((conflict) => conflict.doNothing()),
);

export const removePartition = defineQuery<PartitionKey, unknown>((database, p) =>
  database
    .deleteFrom('partition17')
    .where('reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId')),
);

const LIST_OF_ADDRESSES = {
  sqlite: sql`json_group_array(json_array(reference, address))`,
  postgres: sql`coalesce(json_agg(json_build_array(reference, address)), '[]')::text`,
};

/** `network` is JSON: pairs of interface name and address, in their order. */
export const partitionsWithNetwork = defineQuery<{ computerId: string }, PartitionRecord & { network: string }>(
  (database, p, dialect) =>
    database
      .selectFrom('partition17')
      .select(PARTITION_COLUMNS)
      .select(
        sql<string>`(select ${LIST_OF_ADDRESSES[dialect]} from (
          select reference, address from partition_network17 as network
          where network.computer_reference = partition17.computer_reference and network.partition_reference = partition17.reference
          order by network.rowid) as pairs)`.as('network'),
      )
      .where('computer_reference', '=', p('computerId'))
      .orderBy('rowid'),
);

export const partitionCounts = defineQuery<object, PartitionCount>((database) =>
  database
    .selectFrom('partition17')
    .select(['computer_reference as computerId', 'slap_state as slapState'])
    .select(sql<number>`count(*)`.as('count'))
    .groupBy(['computer_reference', 'slap_state'])
    .orderBy('computer_reference'),
);

export const networkOfPartition = defineQuery<PartitionKey, NetworkRecord>((database, p) =>
  database
    .selectFrom('partition_network17')
    .select(NETWORK_COLUMNS)
    .where('partition_reference', '=', p('partitionId'))
    .where('computer_reference', '=', p('computerId'))
    .orderBy('rowid'),
);

export const removeNetwork = defineQuery<{ computerId: string }, unknown>((database, p) =>
  database.deleteFrom('partition_network17').where('computer_reference', '=', p('computerId')),
);

export const addAddress = defineQuery<NetworkRecord & { computerId: string }, unknown>((database, p) =>
  database.insertInto('partition_network17').values({
    partition_reference: p('partitionId'),
    computer_reference: p('computerId'),
    reference: p('interfaceName'),
    address: p('address'),
    netmask: p('netmask'),
  } as never),
);
