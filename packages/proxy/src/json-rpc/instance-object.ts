import { readParameterXml } from '@slapos/slap';

import { readSharedInstances, referenceOf, type SharedInstanceEntry } from '../allocation/shared-instance-list.js';
import { addressPairs } from '../documents/partition-object.js';
import type { JsonInput } from '../http/python-json.js';
import type { StoreReader } from '../store/proxy-store.js';
import type { NetworkRecord, PartitionRecord, SlaveRecord } from '../store/records.js';
import { type InstanceName, rpcGuidOf } from './guid.js';
import { jsonDictionary } from './json-values.js';

const RESERVED_KEYS = new Set<unknown>(['slave_reference', 'slave_title', 'slap_software_type']);
const STATES = ['started', 'stopped', 'destroyed'] as const;

/** One of the states that the JSON-RPC API knows. */
export type RpcState = (typeof STATES)[number];

/** An instance as the JSON-RPC API shows it (spec: proxy §8); the keys are in the order of the wire. */
export type InstanceObject = Readonly<Record<string, JsonInput>>;

/** What an {@link InstanceObject} is made of. */
export interface InstanceParts {
  readonly name: InstanceName;
  readonly isShared: boolean;
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly state: RpcState;
  readonly connectionXml: string | null;
  readonly parameters: ReturnType<typeof jsonDictionary>;
  readonly network: readonly Pick<NetworkRecord, 'interfaceName' | 'address'>[];
  readonly computerId: string;
  readonly partitionId: string;
  /** Seconds since 1970; `null` when it has none. */
  readonly changedAt: number | null;
}

/** Puts the parts into the shape of the wire. */
export function instanceObject(parts: InstanceParts): InstanceObject {
  const { name, isShared } = parts;
  return {
    title: name.name,
    instance_guid: rpcGuidOf(name, isShared),
    software_release_uri: parts.softwareReleaseUrl,
    software_type: parts.softwareType,
    state: parts.state,
    connection_parameters: jsonDictionary(readParameterXml(parts.connectionXml)),
    parameters: parts.parameters,
    shared: isShared,
    root_instance_title: name.rootName === '' ? name.name : name.rootName,
    ip_list: addressPairs(parts.network).map((pair) => [...pair]),
    full_ip_list: [],
    sla_parameters: {},
    computer_guid: parts.computerId,
    compute_partition_id: parts.partitionId,
    processing_timestamp: Math.floor(parts.changedAt ?? 0),
    access_status_message: '',
  };
}

/** The instance in a partition. */
export function partitionInstance(
  partition: PartitionRecord,
  network: readonly NetworkRecord[],
  state = partition.requestedState,
): InstanceObject {
  return instanceObject({
    name: nameOf(partition),
    isShared: false,
    softwareReleaseUrl: partition.softwareReleaseUrl ?? '',
    softwareType: partition.softwareType ?? '',
    state: rpcState(state),
    connectionXml: partition.connectionXml,
    parameters: jsonDictionary(readParameterXml(partition.parameterXml)),
    network,
    computerId: partition.computerId,
    partitionId: partition.partitionId,
    changedAt: partition.changedAt,
  });
}

/** A shared instance that its host lists, as it is read back. */
export interface HostedShared {
  readonly name: InstanceName;
  readonly slave: SlaveRecord;
  readonly host: PartitionRecord;
  readonly entry: SharedInstanceEntry;
}

/** Shows a shared instance: its parameters have the types that they were requested with. */
export function sharedInstance({ name, slave, host, entry }: HostedShared): InstanceObject {
  return instanceObject({
    name,
    isShared: true,
    softwareReleaseUrl: host.softwareReleaseUrl ?? '',
    softwareType: typeOf(entry, host),
    state: 'started',
    connectionXml: slave.connectionXml,
    parameters: parametersOf(entry),
    network: [],
    computerId: host.computerId,
    partitionId: host.partitionId,
    changedAt: host.changedAt,
  });
}

/** Whose partition hosts the shared instance, and its entry in the list there: `undefined` for what is missing. */
export async function hostOf(
  reader: StoreReader,
  slave: SlaveRecord,
): Promise<{ readonly host: PartitionRecord | undefined; readonly entry: SharedInstanceEntry | undefined }> {
  const host = await reader.partition({ computerId: slave.computerId, partitionId: slave.hostedBy ?? '' });
  const entries = readSharedInstances(host?.sharedInstanceList ?? null);
  return { host, entry: entries.find((candidate) => referenceOf(candidate) === slave.slaveReference) };
}

/** The parameters of a shared instance, without what the proxy adds for the host. */
export function parametersOf(entry: SharedInstanceEntry): ReturnType<typeof jsonDictionary> {
  return jsonDictionary([...entry].filter(([key]) => !RESERVED_KEYS.has(key)));
}

/** The type that a shared instance was requested with, or else its host's. */
export function typeOf(entry: SharedInstanceEntry, host: PartitionRecord): string {
  const type = entry.get('slap_software_type');
  return typeof type === 'string' ? type : (host.softwareType ?? '');
}

/** The name of the instance in a partition. */
export function nameOf(partition: PartitionRecord): InstanceName {
  return { name: partition.instanceName ?? '', rootName: partition.rootName };
}

/** The tool API stores any text as state; nodes take those that they do not know for what it is at first: started. */
export function rpcState(state: string): RpcState {
  return STATES.find((known) => known === state) ?? 'started';
}
