import { writeParameterXml } from '@slapos/slap';

import { ProxyError } from '../errors.js';
import { eventOf } from '../events/event-of.js';
import type { StoreReader, StoreWriter } from '../store/proxy-store.js';
import type { InstanceValues, NetworkRecord, PartitionKey, PartitionRecord } from '../store/records.js';
import { filterText, type InstanceRequest } from './instance-request.js';
import type { TimestampSource } from './timestamps.js';

const STARTED = 'started';
const DEFAULT_SOFTWARE_TYPE = 'default';

export interface AllocationContext {
  /** Where instances go whose request names no computer. */
  readonly defaultComputerId: string;
  readonly timestamps: TimestampSource;
}

/** An instance as its request is answered. */
export interface AllocatedInstance {
  readonly partition: PartitionRecord;
  readonly network: readonly NetworkRecord[];
  /** The state of this request, which is not always the one that is stored (spec: proxy §5.1). */
  readonly answeredState: string;
}

/** The name of the root of the tree that a requester belongs to; `''` for the user, and for a partition without an instance. */
export async function rootNameOf(reader: StoreReader, requester: PartitionKey | undefined): Promise<string> {
  if (requester === undefined) return '';
  const partition = await reader.partition(requester);
  return partition === undefined ? '' : rootNameOfInstance(partition);
}

/** The name of the root of the tree that an instance belongs to, its own if it is a root. */
export function rootNameOfInstance(partition: PartitionRecord): string {
  return partition.rootName === '' ? (partition.instanceName ?? '') : partition.rootName;
}

/**
 * Finds or makes the instance, and gives it what the request says. Run it in one transaction.
 * @throws ProxyError `PROXY_NO_FREE_PARTITION`.
 */
export async function requestInstance(
  writer: StoreWriter,
  request: InstanceRequest,
  context: AllocationContext,
): Promise<AllocatedInstance> {
  const rootName = await rootNameOf(writer, request.requester);
  const known = await writer.instance(request.name, rootName);
  const { partition, answeredState } =
    known === undefined
      ? await allocate(writer, request, rootName, context)
      : await update(writer, request, known, context);
  return { partition, answeredState, network: await writer.networkOfPartition(partition) };
}

async function allocate(
  writer: StoreWriter,
  request: InstanceRequest,
  rootName: string,
  context: AllocationContext,
): Promise<{ partition: PartitionRecord; answeredState: string }> {
  const requestedState = request.requestedState ?? STARTED;
  const partition = await writer.takeFreePartition(filterText(request, 'computer_guid') ?? context.defaultComputerId, {
    instanceName: request.name,
    rootName,
    softwareReleaseUrl: request.softwareReleaseUrl,
    softwareType: request.softwareType === '' ? DEFAULT_SOFTWARE_TYPE : request.softwareType,
    parameterXml: writeParameterXml(request.parameters),
    requestedState,
    changedAt: context.timestamps.next(),
  });
  if (partition === undefined) {
    throw new ProxyError('PROXY_NO_FREE_PARTITION', `No free computer partition found for: ${request.name}`, {
      hint: 'Destroy an instance, format more partitions, or name another computer in the filter.',
    });
  }
  await writer.addEvent({ kind: 'instance.allocated', ...eventOf(partition) });
  return { partition, answeredState: requestedState };
}

async function update(
  writer: StoreWriter,
  request: InstanceRequest,
  known: PartitionRecord,
  context: AllocationContext,
): Promise<{ partition: PartitionRecord; answeredState: string }> {
  const stateOfRoot = await stateOfRootThatWins(writer, known);
  const wanted: Omit<InstanceValues, 'changedAt'> = {
    softwareReleaseUrl: request.softwareReleaseUrl,
    softwareType: request.softwareType,
    parameterXml: writeParameterXml(request.parameters),
    requestedState: await stateToStore(writer, request, known, stateOfRoot),
  };
  const answeredState = stateOfRoot ?? request.requestedState ?? STARTED;
  const unchanged =
    known.changedAt !== null &&
    known.requestedState === wanted.requestedState &&
    known.softwareReleaseUrl === wanted.softwareReleaseUrl &&
    known.softwareType === wanted.softwareType &&
    known.parameterXml === wanted.parameterXml;
  if (unchanged) return { partition: known, answeredState };
  const values = { ...wanted, changedAt: context.timestamps.next(known.changedAt) };
  await writer.updateInstance(known, values);
  const partition = { ...known, ...values };
  await writer.addEvent({ kind: 'instance.changed', ...eventOf(partition) });
  return { partition, answeredState };
}

/** The state of the root, when it is one that all its descendants must follow. */
async function stateOfRootThatWins(reader: StoreReader, instance: PartitionRecord): Promise<string | undefined> {
  if (instance.rootName === '') return undefined;
  const root = await reader.instance(instance.rootName, '');
  return root === undefined || root.requestedState === STARTED ? undefined : root.requestedState;
}

/**
 * While the state of the root wins, what the requester wants is kept aside, and comes back when the root is started again.
 */
async function stateToStore(
  writer: StoreWriter,
  request: InstanceRequest,
  known: PartitionRecord,
  stateOfRoot: string | undefined,
): Promise<string> {
  if (known.rootName === '') return request.requestedState ?? known.requestedState;
  const keptAside = await writer.ownWish(known);
  if (stateOfRoot === undefined) {
    if (keptAside !== undefined) await writer.forgetOwnWish(known);
    return request.requestedState ?? keptAside ?? known.requestedState;
  }
  const wish = request.requestedState ?? keptAside ?? known.requestedState;
  if (wish !== keptAside) await writer.setOwnWish(known, wish);
  return stateOfRoot;
}
