import type { EventRecord, PartitionRecord } from '../store/records.js';

/** What an event about an instance says of it. */
export function eventOf(
  partition: PartitionRecord,
): Pick<EventRecord, 'computerId' | 'partitionId' | 'instance' | 'root' | 'softwareReleaseUrl' | 'state'> {
  const instance = partition.instanceName ?? '';
  return {
    computerId: partition.computerId,
    partitionId: partition.partitionId,
    instance,
    root: partition.rootName === '' ? instance : partition.rootName,
    softwareReleaseUrl: partition.softwareReleaseUrl ?? '',
    state: partition.requestedState,
  };
}
