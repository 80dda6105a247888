import {
  type AddressPair,
  computerPartitionDocument,
  type MarshalObject,
  pythonFloatText,
  readParameterXml,
} from '@slapos/slap';

import { rootNameOfInstance } from '../allocation/request-instance.js';
import { readSharedInstances } from '../allocation/shared-instance-list.js';
import type { NetworkRecord, PartitionRecord, PartitionWithNetwork } from '../store/records.js';

/** The name by which an instance is known to its node (spec: marshal §5). */
export function instanceGuidOf({
  computerId,
  partitionId,
}: Pick<PartitionRecord, 'computerId' | 'partitionId'>): string {
  return `${computerId}-${partitionId}`;
}

/** Pairs of interface name and address, as documents list them. */
export function addressPairs(network: readonly Pick<NetworkRecord, 'interfaceName' | 'address'>[]): AddressPair[] {
  return network.map(({ interfaceName, address }) => [interfaceName, address]);
}

/** A time stamp as the wire has it, verbatim for clients that compare it; nothing while there is none (spec: proxy §5.2). */
export function timestampOf({ changedAt }: PartitionRecord): { timestamp: string } | object {
  return changedAt === null ? {} : { timestamp: pythonFloatText(changedAt) };
}

/** A ComputerPartition as its node reads it. */
export function partitionObject(partition: PartitionRecord, network: PartitionWithNetwork['network']): MarshalObject {
  const { computerId, partitionId } = partition;
  const instanceGuid = instanceGuidOf(partition);
  if (partition.slapState !== 'busy') return computerPartitionDocument({ computerId, partitionId, instanceGuid });
  return computerPartitionDocument({
    computerId,
    partitionId,
    instanceGuid,
    requestedState: partition.requestedState,
    instance: {
      softwareReleaseUrl: partition.softwareReleaseUrl ?? '',
      softwareType: partition.softwareType ?? '',
      instanceTitle: partition.instanceName ?? '',
      rootInstanceTitle: rootNameOfInstance(partition),
      parameters: readParameterXml(partition.parameterXml),
      connectionParameters: readParameterXml(partition.connectionXml),
      ipList: addressPairs(network),
      sharedInstances: readSharedInstances(partition.sharedInstanceList),
      ...timestampOf(partition),
    },
  });
}
