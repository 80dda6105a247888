import { type MarshalInput, MarshalObject, MarshalTuple } from './values.js';

/** A Software Release as a document shows it. */
export interface SoftwareReleaseDescription {
  readonly softwareReleaseUrl: string;
  readonly computerId: string;
  /** Left out inside a partition. */
  readonly requestedState?: string | undefined;
}

/** An address of a partition: its network (interface) and the address. */
export type AddressPair = readonly [network: string, address: string];

/** What a busy partition holds. */
export interface InstanceDescription {
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly instanceTitle: string;
  readonly rootInstanceTitle: string;
  /** The instance's own parameters. */
  readonly parameters: Readonly<Record<string, MarshalInput>> | ReadonlyMap<string, MarshalInput>;
  readonly connectionParameters: Readonly<Record<string, MarshalInput>> | ReadonlyMap<string, MarshalInput>;
  readonly ipList: readonly AddressPair[];
  readonly fullAddressList?: readonly MarshalInput[] | undefined;
  /** One dictionary for each shared instance that the partition hosts. */
  readonly sharedInstances?: readonly MarshalInput[] | undefined;
  /** Text of the time stamp, verbatim; left out while there is none. */
  readonly timestamp?: string | undefined;
}

/** A partition as a document shows it; without `instance` it is a free one. */
export interface ComputerPartitionDescription {
  readonly computerId: string;
  readonly partitionId: string;
  readonly instanceGuid?: string | undefined;
  /** Default `destroyed` for a free partition and `started` for a busy one. */
  readonly requestedState?: string | undefined;
  readonly instance?: InstanceDescription | undefined;
}

/** The document object of a Software Release (spec: marshal §5). */
export function softwareReleaseDocument(release: SoftwareReleaseDescription): MarshalObject {
  const attributes = new Map<string, MarshalInput>([
    ['_software_release', release.softwareReleaseUrl],
    ['_computer_guid', release.computerId],
    ['_software_instance_list', []],
  ]);
  if (release.requestedState !== undefined) attributes.set('_requested_state', release.requestedState);
  return new MarshalObject({
    className: 'SoftwareRelease',
    initArguments: [release.softwareReleaseUrl, release.computerId],
    attributes,
  });
}

/** The document object of a partition, free or busy (spec: marshal §5). */
export function computerPartitionDocument(partition: ComputerPartitionDescription): MarshalObject {
  const { computerId, partitionId, instance } = partition;
  const attributes = new Map<string, MarshalInput>([
    ['_computer_id', computerId],
    ['_partition_id', partitionId],
    ['_request_dict', null],
    ['_requested_state', partition.requestedState ?? (instance === undefined ? 'destroyed' : 'started')],
    ['_need_modification', instance === undefined ? 0 : 1],
    ['_software_release_document', null],
  ]);
  if (partition.instanceGuid !== undefined) attributes.set('_instance_guid', partition.instanceGuid);
  if (instance !== undefined) {
    const { softwareReleaseUrl } = instance;
    attributes.set('_software_release_document', softwareReleaseDocument({ softwareReleaseUrl, computerId }));
    attributes.set('_parameter_dict', partitionParameters(computerId, partitionId, instance));
    attributes.set('_connection_dict', copyOf(instance.connectionParameters));
  }
  return new MarshalObject({
    className: 'ComputerPartition',
    initArguments: [computerId, partitionId, null],
    attributes,
  });
}

function partitionParameters(
  computerId: string,
  partitionId: string,
  instance: InstanceDescription,
): Map<string, MarshalInput> {
  const parameters = copyOf(instance.parameters);
  parameters.set('ip_list', addressTuples(instance.ipList));
  parameters.set('full_address_list', [...(instance.fullAddressList ?? [])]);
  parameters.set('slap_software_type', instance.softwareType);
  parameters.set('instance_title', instance.instanceTitle);
  parameters.set('root_instance_title', instance.rootInstanceTitle);
  parameters.set('slap_computer_id', computerId);
  parameters.set('slap_computer_partition_id', partitionId);
  parameters.set('slap_software_release_url', instance.softwareReleaseUrl);
  parameters.set('slave_instance_list', [...(instance.sharedInstances ?? [])]);
  if (instance.timestamp !== undefined) parameters.set('timestamp', instance.timestamp);
  return parameters;
}

/** The document object of a computer with its releases and partitions (spec: marshal §5). */
export function computerDocument(computer: {
  readonly computerId: string;
  readonly softwareReleases: readonly SoftwareReleaseDescription[];
  readonly partitions: readonly ComputerPartitionDescription[];
}): MarshalObject {
  return new MarshalObject({
    className: 'Computer',
    initArguments: [computer.computerId],
    attributes: {
      _computer_id: computer.computerId,
      _computer_partition_list: computer.partitions.map(computerPartitionDocument),
      _software_release_list: computer.softwareReleases.map(softwareReleaseDocument),
    },
  });
}

/** The answer to a request, as the mini-master gives it. */
export interface SoftwareInstanceDescription {
  readonly computerId: string;
  readonly partitionId: string;
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly parameters: Readonly<Record<string, MarshalInput>> | ReadonlyMap<string, MarshalInput>;
  readonly connectionParameters: Readonly<Record<string, MarshalInput>> | ReadonlyMap<string, MarshalInput>;
  readonly ipList: readonly AddressPair[];
  /** Only of an ordinary instance; a shared one has none of these four. */
  readonly instance?:
    | {
        readonly instanceGuid: string;
        readonly requestedState: string;
        /** Parameter XML as it is stored, or null. */
        readonly connectionXml: string | null;
        readonly timestamp?: string | undefined;
      }
    | undefined;
}

/** The document object that answers a request (spec: marshal §5). */
export function softwareInstanceDocument(description: SoftwareInstanceDescription): MarshalObject {
  const { instance } = description;
  const parameters = copyOf(description.parameters);
  const attributes = new Map<string, MarshalInput>([
    ['_connection_dict', copyOf(description.connectionParameters)],
    ['_parameter_dict', parameters],
    ['slap_computer_id', description.computerId],
    ['slap_computer_partition_id', description.partitionId],
    ['slap_software_release_url', description.softwareReleaseUrl],
    ['slap_software_type', description.softwareType],
    ['slap_server_url', 'slap_server_url'], // Literally: the Python mini-master says no more.
    ['ip_list', addressTuples(description.ipList)],
  ]);
  if (instance !== undefined) {
    attributes.set('_instance_guid', instance.instanceGuid);
    attributes.set('_requested_state', instance.requestedState);
    attributes.set('connection_xml', instance.connectionXml);
    if (instance.timestamp !== undefined) parameters.set('timestamp', instance.timestamp);
  }
  return new MarshalObject({ className: 'SoftwareInstance', initArguments: [], attributes });
}

function addressTuples(addresses: readonly AddressPair[]): MarshalTuple<MarshalInput>[] {
  return addresses.map((pair) => new MarshalTuple<MarshalInput>([...pair]));
}

/** A map of our own: a dictionary that two documents shared would become a reference. */
function copyOf(
  dictionary: Readonly<Record<string, MarshalInput>> | ReadonlyMap<string, MarshalInput>,
): Map<string, MarshalInput> {
  const entries: Iterable<readonly [string, MarshalInput]> =
    dictionary instanceof Map ? (dictionary as ReadonlyMap<string, MarshalInput>) : Object.entries(dictionary);
  return new Map(entries);
}
