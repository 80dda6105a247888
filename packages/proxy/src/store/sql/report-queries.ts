import { sql } from 'kysely';

import type { CertificateRecord, PartitionKey, ReportRecord, UsageRecord } from '../records.js';
import { defineQuery } from './query-definition.js';

const REPORT_COLUMNS = [
  'computer_reference as computerId',
  'partition_reference as partitionId',
  'url as softwareReleaseUrl',
  'slave_reference as slaveReference',
  'kind',
  'message',
  'reported_at as reportedAt',
] as const;

interface Subject {
  readonly computerId: string;
  readonly partitionId: string;
  readonly softwareReleaseUrl: string;
}

export const addReport = defineQuery<ReportRecord, unknown>((database, p) =>
  database.insertInto('node_report17').values({
    computer_reference: p('computerId'),
    partition_reference: p('partitionId'),
    url: p('softwareReleaseUrl'),
    slave_reference: p('slaveReference'),
    kind: p('kind'),
    message: p('message'),
    reported_at: p('reportedAt'),
  } as never),
);

export const reportsOn = defineQuery<Subject & { limit: number }, ReportRecord>((database, p) =>
  database
    .selectFrom('node_report17')
    .select(REPORT_COLUMNS)
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId'))
    .where('url', '=', p('softwareReleaseUrl'))
    .orderBy('id', 'desc')
    .limit(p('limit')),
);

/** Of a subject, everything older than its newest `keep` reports. */
export const forgetOldReports = defineQuery<Subject & { keep: number }, unknown>((database, p) =>
  database
    .deleteFrom('node_report17')
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId'))
    .where('url', '=', p('softwareReleaseUrl'))
    .where(
      'id',
      '<=',
      sql<number>`(select id from node_report17 where computer_reference = ${p('computerId')} and partition_reference = ${p('partitionId')}
        and url = ${p('softwareReleaseUrl')} order by id desc limit 1 offset ${p('keep')})`,
    ),
);

export const latestReports = defineQuery<{ computerId: string }, ReportRecord>((database, p) =>
  database
    .selectFrom('node_report17')
    .select(REPORT_COLUMNS)
    .where(
      'id',
      'in',
      database
        .selectFrom('node_report17')
        .select((select) => select.fn.max('id').as('id'))
        .where('computer_reference', '=', p('computerId'))
        .groupBy(['partition_reference', 'url']),
    )
    .orderBy('id'),
);

export const addUsage = defineQuery<UsageRecord, unknown>((database, p) =>
  database.insertInto('usage_report17').values({
    computer_reference: p('computerId'),
    document: p('document'),
    reported_at: p('reportedAt'),
  } as never),
);

export const usageOf = defineQuery<{ computerId: string; limit: number }, UsageRecord>((database, p) =>
  database
    .selectFrom('usage_report17')
    .select(['computer_reference as computerId', 'document', 'reported_at as reportedAt'])
    .where('computer_reference', '=', p('computerId'))
    .orderBy('id', 'desc')
    .limit(p('limit')),
);

export const forgetOldUsage = defineQuery<{ computerId: string; keep: number }, unknown>((database, p) =>
  database
    .deleteFrom('usage_report17')
    .where('computer_reference', '=', p('computerId'))
    .where(
      'id',
      '<=',
      sql<number>`(select id from usage_report17 where computer_reference = ${p('computerId')} order by id desc limit 1 offset ${p('keep')})`,
    ),
);

export const ownWish = defineQuery<PartitionKey, { requestedState: string }>((database, p) =>
  database
    .selectFrom('own_wish17')
    .select('requested_state as requestedState')
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId')),
);

export const setOwnWish = defineQuery<PartitionKey & { requestedState: string }, unknown>((database, p) =>
  database
    .insertInto('own_wish17')
    .values({
      computer_reference: p('computerId'),
      partition_reference: p('partitionId'),
      requested_state: p('requestedState'),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['computer_reference', 'partition_reference'])
        .doUpdateSet({ requested_state: p('requestedState') }),
    ),
);

export const removeOwnWish = defineQuery<PartitionKey, unknown>((database, p) =>
  database
    .deleteFrom('own_wish17')
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId')),
);

export const relatedInstances = defineQuery<PartitionKey, { referenceList: string }>((database, p) =>
  database
    .selectFrom('related_instance17')
    .select('reference_list as referenceList')
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId')),
);

export const setRelatedInstances = defineQuery<PartitionKey & { referenceList: string }, unknown>((database, p) =>
  database
    .insertInto('related_instance17')
    .values({
      computer_reference: p('computerId'),
      partition_reference: p('partitionId'),
      reference_list: p('referenceList'),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['computer_reference', 'partition_reference'])
        .doUpdateSet({ reference_list: p('referenceList') }),
    ),
);

export const removeRelatedInstances = defineQuery<PartitionKey, unknown>((database, p) =>
  database
    .deleteFrom('related_instance17')
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId')),
);

const CERTIFICATE_COLUMNS = [
  'serial',
  'computer_reference as computerId',
  'partition_reference as partitionId',
  'certificate as certificatePem',
  'key as keyPem',
  'issued_at as issuedAt',
  'revoked_at as revokedAt',
] as const;

export const certificateBySerial = defineQuery<{ serial: string }, CertificateRecord>((database, p) =>
  database.selectFrom('certificate17').select(CERTIFICATE_COLUMNS).where('serial', '=', p('serial')),
);

export const revokeCertificatesOf = defineQuery<PartitionKey & { revokedAt: number }, unknown>((database, p) =>
  database
    .updateTable('certificate17')
    .set({ revoked_at: p('revokedAt') })
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId'))
    .where('revoked_at', 'is', null),
);

export const validCertificate = defineQuery<PartitionKey, CertificateRecord>((database, p) =>
  database
    .selectFrom('certificate17')
    .select(CERTIFICATE_COLUMNS)
    .where('computer_reference', '=', p('computerId'))
    .where('partition_reference', '=', p('partitionId'))
    .where('revoked_at', 'is', null),
);

export const addCertificate = defineQuery<CertificateRecord, unknown>((database, p) =>
  database.insertInto('certificate17').values({
    serial: p('serial'),
    computer_reference: p('computerId'),
    partition_reference: p('partitionId'),
    certificate: p('certificatePem'),
    key: p('keyPem'),
    issued_at: p('issuedAt'),
    revoked_at: p('revokedAt'),
  }),
);

export const revokeCertificate = defineQuery<{ serial: string; revokedAt: number }, unknown>((database, p) =>
  database
    .updateTable('certificate17')
    .set({ revoked_at: p('revokedAt') })
    .where('serial', '=', p('serial')),
);

export const setting = defineQuery<{ name: string }, { value: string }>((database, p) =>
  database.selectFrom('setting17').select('value').where('name', '=', p('name')),
);

export const setSetting = defineQuery<{ name: string; value: string }, unknown>((database, p) =>
  database
    .insertInto('setting17')
    .values({ name: p('name'), value: p('value') })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: p('value') })),
);
