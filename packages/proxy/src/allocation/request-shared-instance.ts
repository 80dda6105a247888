import { type MarshalValue, pythonRepr } from '@slapos/slap';

import { ProxyError } from '../errors.js';
import type { HostConditions, StoreWriter } from '../store/proxy-store.js';
import type { NetworkRecord, PartitionRecord, SlaveRecord } from '../store/records.js';
import { filterText, type InstanceRequest } from './instance-request.js';
import { type AllocationContext, rootNameOf } from './request-instance.js';
import {
  readSharedInstances,
  referenceOf,
  type SharedInstanceEntry,
  writeSharedInstances,
} from './shared-instance-list.js';

const DESTROYED = 'destroyed';

/** A shared instance as its request is answered. */
export interface AllocatedSharedInstance {
  readonly host: PartitionRecord;
  /** Partition id that the answer names: where the host that published for it is. */
  readonly partitionId: string;
  readonly network: readonly NetworkRecord[];
  readonly connectionXml: string | null;
}

/**
 * Puts the shared instance into the list of its host, or takes it out. Run it in one transaction.
 * It stays on the host that has it, as long as that fits the request, and is never on two.
 * The time stamp of a host changes when its list does.
 * @throws ProxyError `PROXY_NO_FREE_PARTITION` when no instance can host it.
 */
export async function requestSharedInstance(
  writer: StoreWriter,
  request: InstanceRequest,
  context: AllocationContext,
): Promise<AllocatedSharedInstance> {
  const conditions = conditionsOf(request, context);
  const { computerId } = conditions;
  const firstHost = await findHost(writer, request, conditions);
  const rootName = await rootNameOf(writer, request.requester);
  const slaveReference = `${rootName}_${request.name}`;
  const isDestroyed = request.requestedState === DESTROYED;
  let slave = await writer.slave(slaveReference, computerId);
  const present = await presentHost(writer, slave);
  const host = present !== undefined && (isDestroyed || fits(present, conditions)) ? present : firstHost;
  await changeList(writer, host, request, slaveReference, context);
  if (present !== undefined && present !== host) {
    await changeList(writer, present, { ...request, requestedState: DESTROYED }, slaveReference, context);
  }
  if (!isDestroyed && slave !== undefined && slave.hostedBy !== host.partitionId) {
    await writer.removeSlave(slaveReference, computerId);
    slave = { ...slave, hostedBy: host.partitionId };
    await writer.addSlave(slave);
  } else if (!isDestroyed && slave === undefined) {
    slave = { slaveReference, computerId, connectionXml: null, hostedBy: host.partitionId, askedBy: rootName };
    await writer.addSlave(slave);
  }
  return {
    host,
    partitionId: slave?.hostedBy ?? host.partitionId,
    network: await writer.networkOfPartition(host),
    connectionXml: slave?.connectionXml ?? null,
  };
}

function conditionsOf(request: InstanceRequest, context: AllocationContext): HostConditions {
  const computerId = filterText(request, 'computer_guid') ?? context.defaultComputerId;
  const guid = filterText(request, 'instance_guid');
  const partitionId = guid?.startsWith(`${computerId}-`) === true ? guid.slice(computerId.length + 1) : guid;
  return {
    computerId,
    softwareReleaseUrl: request.softwareReleaseUrl,
    ...(request.softwareType === '' ? {} : { softwareType: request.softwareType }),
    ...(partitionId === undefined ? {} : { partitionId }),
  };
}

async function findHost(
  writer: StoreWriter,
  request: InstanceRequest,
  conditions: HostConditions,
): Promise<PartitionRecord> {
  const host = await writer.findHost(conditions);
  if (host === undefined) {
    const { computerId, partitionId = '' } = conditions;
    const words = [request.softwareReleaseUrl, computerId, request.softwareType, partitionId].filter(
      (text) => text !== '',
    );
    throw new ProxyError(
      'PROXY_NO_FREE_PARTITION',
      `No partition corresponding to slave request: ${pythonRepr(words)}`,
      {
        hint: 'First request an ordinary instance of that release and type, which hosts the shared ones.',
      },
    );
  }
  return host;
}

/** The partition in whose list the shared instance is. */
async function presentHost(writer: StoreWriter, slave: SlaveRecord | undefined): Promise<PartitionRecord | undefined> {
  if (slave === undefined || slave.hostedBy === null) return undefined;
  const { computerId, hostedBy: partitionId, slaveReference } = slave;
  const host = await writer.partition({ computerId, partitionId });
  const entries = readSharedInstances(host?.sharedInstanceList ?? null);
  return entries.some((entry) => referenceOf(entry) === slaveReference) ? host : undefined;
}

function fits(host: PartitionRecord, { softwareReleaseUrl, softwareType, partitionId }: HostConditions): boolean {
  return (
    host.softwareReleaseUrl === softwareReleaseUrl &&
    (softwareType === undefined || host.softwareType === softwareType) &&
    (partitionId === undefined || host.partitionId === partitionId)
  );
}

async function changeList(
  writer: StoreWriter,
  host: PartitionRecord,
  request: InstanceRequest,
  slaveReference: string,
  context: AllocationContext,
): Promise<void> {
  const entries = readSharedInstances(host.sharedInstanceList);
  const changed =
    request.requestedState === DESTROYED
      ? entries.filter((entry) => referenceOf(entry) !== slaveReference)
      : withEntry(entries, slaveReference, sharedInstanceEntry(request, slaveReference));
  const column = writeSharedInstances(changed);
  const unchanged = column === host.sharedInstanceList || (host.sharedInstanceList === null && changed.length === 0);
  if (unchanged) return;
  await writer.setSharedInstances(host, column, context.timestamps.next(host.changedAt));
  const rootName = slaveReference.slice(0, -request.name.length - 1);
  await writer.addEvent({
    kind: request.requestedState === DESTROYED ? 'shared.destroyed' : 'shared.changed',
    computerId: host.computerId,
    partitionId: host.partitionId,
    instance: request.name,
    root: rootName === '' ? request.name : rootName,
    softwareReleaseUrl: request.softwareReleaseUrl,
  });
}

function withEntry(
  entries: readonly SharedInstanceEntry[],
  slaveReference: string,
  entry: SharedInstanceEntry,
): SharedInstanceEntry[] {
  const index = entries.findIndex((candidate) => referenceOf(candidate) === slaveReference);
  return index === -1 ? [...entries, entry] : entries.with(index, entry);
}

/** Our own keys come last: parameters of the same names must not replace them. */
function sharedInstanceEntry(request: InstanceRequest, slaveReference: string): SharedInstanceEntry {
  return new Map<MarshalValue, MarshalValue>([
    ...request.parameters,
    ['slave_title', slaveReference],
    ['slave_reference', slaveReference],
    ['slap_software_type', request.softwareType],
  ]);
}
