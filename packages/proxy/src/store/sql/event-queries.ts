import { sql } from 'kysely';

import type { EventFilter, EventRecord } from '../records.js';
import { defineQuery } from './query-definition.js';

const EVENT_COLUMNS = [
  'id',
  'happened_at as happenedAt',
  'kind',
  'computer_reference as computerId',
  'partition_reference as partitionId',
  'instance',
  'root',
  'url as softwareReleaseUrl',
  'state',
  'message',
] as const;

export const addEvent = defineQuery<Omit<EventRecord, 'id'>, unknown>((database, p) =>
  database.insertInto('event17').values({
    happened_at: p('happenedAt'),
    kind: p('kind'),
    computer_reference: p('computerId'),
    partition_reference: p('partitionId'),
    instance: p('instance'),
    root: p('root'),
    url: p('softwareReleaseUrl'),
    state: p('state'),
    message: p('message'),
  } as never),
);

/** Empty conditions are not used. */
export const eventsAfter = defineQuery<Required<EventFilter> & { after: number; limit: number }, EventRecord>(
  (database, p) =>
    database
      .selectFrom('event17')
      .select(EVENT_COLUMNS)
      .where('id', '>', p('after'))
      .where(sql<boolean>`(${p('computerId')} = '' or computer_reference = ${p('computerId')})`)
      .where(sql<boolean>`(${p('tree')} = '' or root = ${p('tree')})`)
      .where(
        sql<boolean>`(${p('kind')} = '' or kind = ${p('kind')} or substr(kind, 1, length(cast(${p('kind')} as text)) + 1) = cast(${p('kind')} as text) || '.')`,
      )
      .orderBy('id')
      .limit(p('limit')),
);

export const eventRange = defineQuery<object, { oldest: number | null; newest: number | null }>((database) =>
  database
    .selectFrom('event17')
    .select([sql<number | null>`(select min(id) from event17)`.as('oldest')])
    .select([sql<number | null>`(select max(id) from event17)`.as('newest')])
    .limit(sql.lit(1)),
);

export const forgetOldEvents = defineQuery<{ keep: number }, unknown>((database, p) =>
  database.deleteFrom('event17').where(sql<boolean>`id <= (select max(id) from event17) - ${p('keep')}`),
);
