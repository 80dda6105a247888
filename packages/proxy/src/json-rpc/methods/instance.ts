import { writeParameterXml } from '@slapos/slap';

import { publishConnection, publishSharedConnection } from '../../allocation/publish.js';
import { bangTree, destroyInstance, renameInstance } from '../../allocation/tree.js';
import { readSharedInstances, referenceOf } from '../../allocation/shared-instance-list.js';
import type { ProxyContext } from '../../context.js';
import { ProxyError } from '../../errors.js';
import type { JsonInput } from '../../http/python-json.js';
import { reportAboutPartition } from '../../reports/keep-report.js';
import { destructionText } from '../../routes/computer-partition.js';
import type { StoreReader } from '../../store/proxy-store.js';
import type { PartitionRecord, ReportKind, SlaveRecord } from '../../store/records.js';
import { findInstance, findShared, type InstanceName, type ParsedGuid, parseRpcGuid, rpcGuidOf } from '../guid.js';
import {
  hostOf,
  type InstanceObject,
  parametersOf,
  partitionInstance,
  sharedInstance,
  typeOf,
} from '../instance-object.js';
import { marshalDictionary } from '../json-values.js';
import { refused, requireReadable, type RpcMethods, success } from '../rpc-call.js';

const IGNORED = 'Ignored';

/** The methods about instances, ordinary and shared (spec: proxy §8). */
export const instanceMethods = {
  'get.v0.software_instance': async ({ params: { instance_guid: guid }, context: { store } }) => {
    const parsed = requireGuid(guid);
    return store.read((reader) =>
      parsed.isShared ? readShared(reader, parsed, guid) : readOrdinary(reader, parsed, guid),
    );
  },

  'get.v0.compute_partition': async ({ params, context: { store } }) => {
    const key = { computerId: params.computer_guid, partitionId: params.compute_partition_id };
    return store.read(async (reader) => {
      const partition = await reader.partition(key);
      if (partition?.slapState !== 'busy') throw refused(`No instance on partition ${key.partitionId} found.`);
      return partitionInstance(partition, await reader.networkOfPartition(key));
    });
  },

  'get.v0.instance_tree': async ({ params: { title }, context: { store } }) => {
    return store.read(async (reader) => {
      const root = title === '' ? undefined : await reader.instance(title, '');
      const slave = title === '' ? undefined : await userSlave(reader, title);
      // Of a name that both have, it cannot be said which one is meant.
      if (root !== undefined && slave === undefined)
        return partitionInstance(root, await reader.networkOfPartition(root));
      if (root === undefined && slave !== undefined) return sharedInstance(slave);
      throw refused(`No instance tree ${title} found.`);
    });
  },

  'allDocs.v0.instance_tree_list': async ({ context: { store } }) => {
    const titles = await store.read(async (reader) => {
      const roots = await reader.rootInstances();
      const slaves: string[] = [];
      for (const slave of await reader.slavesAskedBy('')) {
        if ((await hostOf(reader, slave)).entry !== undefined) slaves.push(nameOfSlave(slave).name);
      }
      return [...roots.map(({ instanceName }) => instanceName ?? ''), ...slaves];
    });
    return { result_list: titles.map((title) => ({ title })) };
  },

  'allDocs.v0.instance_node_instance_list': async ({ params: { instance_guid: guid }, context: { store } }) => {
    const parsed = requireGuid(guid);
    if (parsed.isShared) throw noInstance(guid);
    return store.read(async (reader) => {
      const host = await findInstance(reader, parsed);
      if (host === undefined) throw noInstance(guid);
      return { result_list: await sharedOn(reader, host) };
    });
  },

  'put.v0.software_instance_connection_parameter': async ({ params, context: { store } }) => {
    const { instance_guid: guid, connection_parameter_dict: connection } = params;
    const parsed = requireGuid(guid);
    const xml = writeParameterXml(marshalDictionary(connection));
    await store.write(async (writer) => {
      if (!parsed.isShared) {
        const instance = await findInstance(writer, parsed);
        if (instance !== undefined) await publishConnection(writer, instance, xml);
        return;
      }
      const slave = (await findShared(writer, parsed))?.slave;
      if (slave === undefined) return;
      const host = { computerId: slave.computerId, partitionId: slave.hostedBy ?? '' };
      await publishSharedConnection(writer, host, slave.slaveReference, xml);
    });
    return success('Updated');
  },

  'put.v0.software_instance_title': async ({ params, context: { store } }) => {
    requireReadable(params);
    const { instance_guid: guid, title } = params;
    if (title === '') throw new ProxyError('PROXY_INVALID_REQUEST', 'An instance needs a name: title is empty');
    const parsed = requireOrdinary(guid);
    await store.write(async (writer) => {
      const instance = await findInstance(writer, parsed);
      if (instance !== undefined) await renameInstance(writer, instance, title);
    });
    return success('Renamed');
  },

  'put.v0.software_instance_bang': async ({ params: { instance_guid: guid, message }, context }) => {
    const parsed = requireOrdinary(guid);
    const { store, timestamps } = context;
    await store.write(async (writer) => {
      const instance = await findInstance(writer, parsed);
      if (instance === undefined) return;
      await bangTree(writer, instance, timestamps);
      await reportAboutPartition(writer, instance, { kind: 'bang', message, reportedAt: timestamps.now() });
    });
    return success('Bang handled');
  },

  'put.v0.software_instance_reported_state': async ({ params, context }) => {
    const { instance_guid: guid, reported_state: state } = params;
    if (state !== 'destroyed') return keepReport(guid, state, undefined, context);
    const parsed = requireGuid(guid);
    if (parsed.isShared) return success(IGNORED);
    const { store, timestamps } = context;
    const destruction = await store.write(async (writer) => {
      const instance = await findInstance(writer, parsed);
      if (instance === undefined) return undefined;
      const outcome = await destroyInstance(writer, instance);
      if (outcome.outcome === 'freed') {
        const statement = { kind: 'destroyed' as const, message: undefined, reportedAt: timestamps.now() };
        await reportAboutPartition(writer, instance, statement);
      }
      return { outcome, instance };
    });
    if (destruction === undefined) throw noInstance(guid);
    const { outcome, instance } = destruction;
    // That the children are asked to be destroyed is kept, although the answer is a refusal.
    if (outcome.outcome !== 'freed') throw refused(destructionText(outcome, instance));
    return success('Destroyed');
  },

  'put.v0.software_instance_error': async ({ params: { instance_guid: guid, message }, context }) =>
    keepReport(guid, 'error', message, context),

  'get.v0.software_instance_certificate': async ({ params: { instance_guid: guid }, context }) => {
    const parsed = parseRpcGuid(guid);
    const instance =
      parsed === undefined || parsed.isShared
        ? undefined
        : await context.store.read((reader) => findInstance(reader, parsed));
    // As in the Python proxy, what has no certificate gets an empty one.
    if (instance === undefined) return { key: '', certificate: '' };
    const { key, certificate } = await context.authority.forPartition(instance);
    return { key, certificate };
  },
} satisfies Partial<RpcMethods>;

/** The guid of a report is not looked at by the Python proxy: one that names nothing is no error. */
async function keepReport(
  guid: string,
  kind: ReportKind,
  message: string | undefined,
  { store, timestamps }: ProxyContext,
): Promise<JsonInput> {
  const parsed = parseRpcGuid(guid);
  if (parsed !== undefined) {
    const statement = { kind, message, reportedAt: timestamps.now() };
    await store.write(async (writer) => {
      if (!parsed.isShared) {
        const instance = await findInstance(writer, parsed);
        if (instance !== undefined) await reportAboutPartition(writer, instance, statement);
        return;
      }
      const slave = (await findShared(writer, parsed))?.slave;
      if (slave === undefined) return;
      const host = { computerId: slave.computerId, partitionId: slave.hostedBy ?? '' };
      await reportAboutPartition(writer, host, { ...statement, slaveReference: slave.slaveReference });
    });
  }
  return success(IGNORED);
}

function requireGuid(guid: string): ParsedGuid {
  const parsed = parseRpcGuid(guid);
  if (parsed === undefined) throw refused(`instance_guid ${guid} not handled.`);
  return parsed;
}

function requireOrdinary(guid: string): ParsedGuid {
  const parsed = requireGuid(guid);
  if (parsed.isShared) throw refused('NotImplemented');
  return parsed;
}

function noInstance(guid: string): ProxyError {
  return refused(`No software instance ${guid} found.`);
}

async function readOrdinary(reader: StoreReader, parsed: ParsedGuid, guid: string): Promise<InstanceObject> {
  const instance = await findInstance(reader, parsed);
  if (instance === undefined) throw noInstance(guid);
  return partitionInstance(instance, await reader.networkOfPartition(instance));
}

async function readShared(reader: StoreReader, parsed: ParsedGuid, guid: string): Promise<InstanceObject> {
  const found = await findShared(reader, parsed);
  if (found === undefined) throw refused(`No shared instance ${guid} found.`);
  const { host, entry } = await hostOf(reader, found.slave);
  if (host === undefined) throw refused(`No partition hosting ${guid} found.`);
  // Destroyed: the row with its connection parameters is kept for when it is requested again.
  if (entry === undefined) throw refused(`No shared instance ${guid} found.`);
  return sharedInstance({ ...found, host, entry });
}

async function userSlave(reader: StoreReader, title: string) {
  const slave = await reader.slave(`_${title}`);
  if (slave === undefined || (slave.askedBy ?? '') !== '') return undefined;
  const { host, entry } = await hostOf(reader, slave);
  return host === undefined || entry === undefined
    ? undefined
    : { slave, host, entry, name: { name: title, rootName: '' } };
}

async function sharedOn(reader: StoreReader, host: PartitionRecord): Promise<JsonInput[]> {
  const slaves = new Map<string, SlaveRecord>();
  for (const slave of await reader.slavesHostedOn(host.computerId)) {
    if (slave.hostedBy === host.partitionId) slaves.set(slave.slaveReference, slave);
  }
  return readSharedInstances(host.sharedInstanceList).flatMap((entry) => {
    const slave = slaves.get(referenceOf(entry) ?? '');
    if (slave === undefined) return [];
    const name = nameOfSlave(slave);
    return [
      {
        title: name.name,
        instance_guid: rpcGuidOf(name, true),
        software_type: typeOf(entry, host),
        state: 'started',
        parameters: parametersOf(entry),
        compute_partition_id: host.partitionId,
      },
    ];
  });
}

/** Names hold underscores: only who asked for it tells where the name begins. */
function nameOfSlave({ slaveReference, askedBy }: SlaveRecord): InstanceName {
  const rootName = askedBy ?? '';
  return { name: slaveReference.slice(rootName.length + 1), rootName };
}
