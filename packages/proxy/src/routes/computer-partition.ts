import { marshal, writeParameterXml } from '@slapos/slap';

import { publishConnection, publishSharedConnection } from '../allocation/publish.js';
import { bangTree, destroyInstance, type DestructionOutcome, renameInstance } from '../allocation/tree.js';
import type { ProxyContext } from '../context.js';
import { partitionObject } from '../documents/partition-object.js';
import { ProxyError } from '../errors.js';
import { type Fields, invalidField, readForm, readQuery } from '../http/form.js';
import { textAnswer } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';
import { type NodeStatement, reportAboutPartition } from '../reports/keep-report.js';
import type { PartitionKey, ReportKind } from '../store/records.js';
import { IGNORED } from './computer.js';
import { partitionQuestionRoutes } from './partition-questions.js';

const REPORTS: readonly (readonly [path: string, kind: ReportKind])[] = [
  ['/startedComputerPartition', 'started'],
  ['/stoppedComputerPartition', 'stopped'],
  ['/softwareInstanceError', 'error'],
];

/** Calls about one partition and the instance in it. */
export function computerPartitionRoutes(routes: RouteTable, context: ProxyContext): void {
  const { store, timestamps, bodies } = context;
  const form = (request: Request) => readForm(request, bodies);

  routes.get('/registerComputerPartition', async (request) => {
    const fields = readQuery(request);
    const key = {
      computerId: fields.required('computer_reference'),
      partitionId: fields.required('computer_partition_reference'),
    };
    const document = await store.read(async (reader) => {
      const partition = await reader.partition(key);
      if (partition === undefined) throw unknownPartition(key);
      return partitionObject(partition, await reader.networkOfPartition(key));
    });
    return textAnswer(marshal(document));
  });

  routes.post('/setComputerPartitionConnectionXml', async (request) => {
    const fields = await form(request);
    const key = readKey(fields);
    const connectionXml = writeParameterXml(fields.dictionary('connection_xml'));
    if (fields.optional('connection_xml') === undefined) throw invalidField('connection_xml', 'it is missing');
    const slaveReference = fields.reference('slave_reference');
    await store.write((writer) =>
      slaveReference === undefined
        ? publishConnection(writer, key, connectionXml)
        : publishSharedConnection(writer, key, slaveReference, connectionXml),
    );
    return textAnswer('done');
  });

  for (const [path, kind] of REPORTS) {
    routes.post(path, async (request) => {
      const fields = await form(request);
      const [computerId, partitionId] = [fields.optional('computer_id'), fields.optional('computer_partition_id')];
      if (computerId !== undefined && partitionId !== undefined) {
        const statement = statementOf(kind, fields, timestamps.now());
        await store.write((writer) => reportAboutPartition(writer, { computerId, partitionId }, statement));
      }
      return textAnswer(IGNORED);
    });
  }

  routes.post('/destroyedComputerPartition', async (request) => {
    const fields = await form(request);
    const key = readKey(fields);
    const outcome = await store.write(async (writer) => {
      const result = await destroyInstance(writer, key);
      if (result.outcome === 'freed')
        await reportAboutPartition(writer, key, statementOf('destroyed', fields, timestamps.now()));
      return result;
    });
    return textAnswer(destructionText(outcome, key));
  });

  routes.post('/softwareInstanceBang', async (request) => {
    const fields = await form(request);
    const key = readKey(fields);
    await store.write(async (writer) => {
      await bangTree(writer, key, timestamps);
      await reportAboutPartition(writer, key, statementOf('bang', fields, timestamps.now()));
    });
    return textAnswer('OK');
  });

  routes.post('/softwareInstanceRename', async (request) => {
    const fields = await form(request);
    const name = fields.required('new_name');
    const key = readKey(fields);
    if (name === '') throw invalidField('new_name', 'an instance needs a name');
    const isKnown = await store.write((writer) => renameInstance(writer, key, name));
    return textAnswer(isKnown ? 'done' : unknownPartitionText(key));
  });

  partitionQuestionRoutes(routes, context);
}

/** The error for a partition that is not among those of its computer. */
export function unknownPartition(key: PartitionKey): ProxyError {
  return new ProxyError('PROXY_NOT_FOUND', unknownPartitionText(key), {
    hint: 'The partition was not formatted, or no longer is; run slapos node format on its computer.',
  });
}

/** The partition that a form names. */
export function readKey(fields: Fields): PartitionKey {
  return { computerId: fields.required('computer_id'), partitionId: fields.required('computer_partition_id') };
}

function statementOf(
  kind: ReportKind,
  fields: Fields,
  reportedAt: number,
): NodeStatement & { readonly slaveReference: string | undefined } {
  const message = fields.optional('error_log') ?? fields.optional('message');
  return { kind, message, reportedAt, slaveReference: fields.reference('slave_reference') };
}

/** What a node that reports a destruction is told. */
export function destructionText(outcome: DestructionOutcome, key: PartitionKey): string {
  switch (outcome.outcome) {
    case 'freed':
      return 'OK';
    case 'unknown':
      return unknownPartitionText(key);
    case 'has-children':
      return `Not destroying yet because this partition has child partitions: ${outcome.childNames.join(', ')}`;
  }
}

function unknownPartitionText({ computerId, partitionId }: PartitionKey): string {
  return `Unknown partition '${partitionId}' on '${computerId}'`;
}
