import type { Logger } from '@slapos/slap';

import { eventOf } from '../events/event-of.js';
import type { StoreWriter } from '../store/proxy-store.js';
import type { ComputerRecord, NetworkRecord } from '../store/records.js';

/** What a computer consists of, as its node formatted it. */
export interface ComputerDescription extends ComputerRecord {
  readonly partitions: readonly {
    readonly partitionId: string;
    /** Name of the network interface; `''` means that it has none, and the partition id is used. */
    readonly interfaceName: string;
    readonly addresses: readonly {
      readonly address: string;
      readonly netmask: string | null;
      /** Where it differs from that of the partition. */
      readonly interfaceName?: string;
    }[];
  }[];
}

/**
 * Makes the partitions of a computer those of the description (spec: proxy §5.7). Known ones stay as they are, with their instances; those
 * that are not listed are removed, with the instances in them and the shared instances that these host.
 */
export async function formatComputer(
  writer: StoreWriter,
  description: ComputerDescription,
  logger: Logger,
): Promise<void> {
  const { computerId, address, netmask, partitions } = description;
  await writer.saveComputer({ computerId, address, netmask });
  const listed = new Set(partitions.map(({ partitionId }) => partitionId));
  const known = new Set<string>();
  for (const partition of await writer.partitionsOf(computerId)) {
    known.add(partition.partitionId);
    if (listed.has(partition.partitionId)) continue;
    if (partition.slapState === 'busy') {
      logger.warn('A partition that is no longer formatted is removed with the instance in it', {
        computerId,
        partitionId: partition.partitionId,
        instance: partition.instanceName,
      });
    }
    await writer.removePartition(partition);
    if (partition.slapState === 'busy') {
      await writer.addEvent({ kind: 'instance.freed', ...eventOf(partition), message: 'no longer formatted' });
    }
  }
  for (const slave of await writer.slavesHostedOn(computerId)) {
    if (slave.hostedBy !== null && !listed.has(slave.hostedBy))
      await writer.removeSlave(slave.slaveReference, computerId);
  }
  for (const partitionId of listed) {
    if (!known.has(partitionId)) await writer.addPartition({ computerId, partitionId });
  }
  if (listed.size !== known.size || [...listed].some((id) => !known.has(id))) {
    await writer.addEvent({ kind: 'computer.formatted', computerId, message: `${listed.size} partitions` });
  }
  await writer.replaceNetwork(computerId, partitions.flatMap(networkOf));
}

function networkOf(partition: ComputerDescription['partitions'][number]): NetworkRecord[] {
  const { partitionId } = partition;
  return partition.addresses.map(({ address, netmask, interfaceName = partition.interfaceName }) => ({
    partitionId,
    interfaceName: interfaceName === '' ? partitionId : interfaceName,
    address,
    netmask,
  }));
}
