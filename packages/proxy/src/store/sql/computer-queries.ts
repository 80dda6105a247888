import { sql } from 'kysely';

import type { ComputerRecord, ForwardedRequestRecord, PartitionKey, SlaveRecord, SoftwareRecord } from '../records.js';
import { defineQuery } from './query-definition.js';

const COMPUTER_COLUMNS = ['reference as computerId', 'address', 'netmask'] as const;
const SOFTWARE_COLUMNS = ['url', 'computer_reference as computerId', 'requested_state as requestedState'] as const;
const SLAVE_COLUMNS = [
  'reference as slaveReference',
  'computer_reference as computerId',
  'connection_xml as connectionXml',
  'hosted_by as hostedBy',
  'asked_by as askedBy',
] as const;

export const computerById = defineQuery<{ computerId: string }, ComputerRecord>((database, p) =>
  database.selectFrom('computer17').select(COMPUTER_COLUMNS).where('reference', '=', p('computerId')),
);

export const allComputers = defineQuery<object, ComputerRecord>((database) =>
  database.selectFrom('computer17').select(COMPUTER_COLUMNS).orderBy(sql`rowid`),
);

export const saveComputer = defineQuery<ComputerRecord, unknown>((database, p) =>
  database
    .insertInto('computer17')
    .values({ reference: p('computerId'), address: p('address'), netmask: p('netmask') })
    .onConflict((conflict) =>
      conflict.column('reference').doUpdateSet({ address: p('address'), netmask: p('netmask') }),
    ),
);

export const softwareOfComputer = defineQuery<{ computerId: string }, SoftwareRecord>((database, p) =>
  database
    .selectFrom('software17')
    .select(SOFTWARE_COLUMNS)
    .where('computer_reference', '=', p('computerId'))
    .orderBy(sql`rowid`),
);

export const addSoftware = defineQuery<SoftwareRecord, unknown>((database, p) =>
  database
    .insertInto('software17')
    .values({ url: p('url'), computer_reference: p('computerId'), requested_state: p('requestedState') }),
);

export const removeSoftware = defineQuery<{ url: string; computerId: string }, unknown>((database, p) =>
  database.deleteFrom('software17').where('url', '=', p('url')).where('computer_reference', '=', p('computerId')),
);

/** A `computerId` of null means any computer. */
export const slaveByReference = defineQuery<{ slaveReference: string; computerId: string | null }, SlaveRecord>(
  (database, p) =>
    database
      .selectFrom('slave17')
      .select(SLAVE_COLUMNS)
      .where('reference', '=', p('slaveReference'))
      .where(sql<boolean>`(cast(${p('computerId')} as text) is null or computer_reference = ${p('computerId')})`)
      .orderBy('rowid')
      .limit(sql.lit(1)),
);

export const slavesAskedBy = defineQuery<{ rootName: string }, SlaveRecord>((database, p) =>
  database.selectFrom('slave17').select(SLAVE_COLUMNS).where('asked_by', '=', p('rootName')).orderBy('rowid'),
);

export const slavesHostedOn = defineQuery<{ computerId: string }, SlaveRecord>((database, p) =>
  database
    .selectFrom('slave17')
    .select(SLAVE_COLUMNS)
    .where('computer_reference', '=', p('computerId'))
    .orderBy('rowid'),
);

export const addSlave = defineQuery<SlaveRecord, unknown>((database, p) =>
  database.insertInto('slave17').values({
    reference: p('slaveReference'),
    computer_reference: p('computerId'),
    connection_xml: p('connectionXml'),
    hosted_by: p('hostedBy'),
    asked_by: p('askedBy'),
  } as never),
);

export const setSlaveConnection = defineQuery<
  PartitionKey & { slaveReference: string; connectionXml: string },
  unknown
>((database, p) =>
  database
    .updateTable('slave17')
    .set({ connection_xml: p('connectionXml'), hosted_by: p('partitionId') })
    .where('reference', '=', p('slaveReference'))
    .where('computer_reference', '=', p('computerId')),
);

export const removeSlave = defineQuery<{ slaveReference: string; computerId: string }, unknown>((database, p) =>
  database
    .deleteFrom('slave17')
    .where('reference', '=', p('slaveReference'))
    .where('computer_reference', '=', p('computerId')),
);

export const forwardedRequest = defineQuery<ForwardedRequestRecord, ForwardedRequestRecord>((database, p) =>
  database
    .selectFrom('forwarded_partition_request17')
    .select(['partition_reference as name', 'master_url as masterUrl'])
    .where('partition_reference', '=', p('name'))
    .where('master_url', '=', p('masterUrl')),
);

export const allForwarded = defineQuery<object, ForwardedRequestRecord>((database) =>
  database
    .selectFrom('forwarded_partition_request17')
    .select(['partition_reference as name', 'master_url as masterUrl'])
    .orderBy(sql`rowid`),
);

export const addForwarded = defineQuery<ForwardedRequestRecord, unknown>((database, p) =>
  database
    .insertInto('forwarded_partition_request17')
    .values({ partition_reference: p('name'), master_url: p('masterUrl') })
    .onConflict((conflict) => conflict.doNothing()),
);

export const removeForwarded = defineQuery<ForwardedRequestRecord, unknown>((database, p) =>
  database
    .deleteFrom('forwarded_partition_request17')
    .where('partition_reference', '=', p('name'))
    .where('master_url', '=', p('masterUrl')),
);
