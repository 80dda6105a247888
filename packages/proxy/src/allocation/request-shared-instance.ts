import { type MarshalValue, pythonRepr } from '@slapos/slap';

import { ProxyError } from '../errors.js';
import type { StoreWriter } from '../store/proxy-store.js';
import type { NetworkRecord, PartitionRecord } from '../store/records.js';
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
 * The time stamp of the host changes when its list does.
 * @throws ProxyError `PROXY_NO_FREE_PARTITION` when no instance can host it.
 */
export async function requestSharedInstance(
  writer: StoreWriter,
  request: InstanceRequest,
  context: AllocationContext,
): Promise<AllocatedSharedInstance> {
  const host = await findHost(writer, request, context);
  const rootName = await rootNameOf(writer, request.requester);
  const slaveReference = `${rootName}_${request.name}`;
  await changeList(writer, host, request, slaveReference, context);
  let slave = await writer.slave(slaveReference, host.computerId);
  if (slave === undefined && request.requestedState !== DESTROYED) {
    slave = {
      slaveReference,
      computerId: host.computerId,
      connectionXml: null,
      hostedBy: host.partitionId,
      askedBy: rootName,
    };
    await writer.addSlave(slave);
  }
  return {
    host,
    partitionId: slave?.hostedBy ?? host.partitionId,
    network: await writer.networkOfPartition(host),
    connectionXml: slave?.connectionXml ?? null,
  };
}

async function findHost(
  writer: StoreWriter,
  request: InstanceRequest,
  context: AllocationContext,
): Promise<PartitionRecord> {
  const computerId = filterText(request, 'computer_guid') ?? context.defaultComputerId;
  const guid = filterText(request, 'instance_guid');
  const partitionId = guid?.startsWith(`${computerId}-`) === true ? guid.slice(computerId.length + 1) : guid;
  const host = await writer.findHost({
    computerId,
    softwareReleaseUrl: request.softwareReleaseUrl,
    ...(request.softwareType === '' ? {} : { softwareType: request.softwareType }),
    ...(partitionId === undefined ? {} : { partitionId }),
  });
  if (host === undefined) {
    const conditions = [request.softwareReleaseUrl, computerId, request.softwareType, partitionId ?? ''].filter(
      (text) => text !== '',
    );
    throw new ProxyError(
      'PROXY_NO_FREE_PARTITION',
      `No partition corresponding to slave request: ${pythonRepr(conditions)}`,
      {
        hint: 'First request an ordinary instance of that release and type, which hosts the shared ones.',
      },
    );
  }
  return host;
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
