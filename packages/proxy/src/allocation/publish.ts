import { eventOf } from '../events/event-of.js';
import type { StoreWriter } from '../store/proxy-store.js';
import type { PartitionKey } from '../store/records.js';

/** Keeps what an instance publishes (parameter XML); does nothing when the partition is unknown. No time stamp changes. */
export async function publishConnection(writer: StoreWriter, key: PartitionKey, connectionXml: string): Promise<void> {
  const partition = await writer.partition(key);
  if (partition === undefined) return;
  await writer.setConnection(key, connectionXml);
  if (partition.connectionXml !== connectionXml)
    await writer.addEvent({ kind: 'instance.published', ...eventOf(partition) });
}

/** Keeps what the instance in a partition publishes for a shared one; does nothing when that is unknown. */
export async function publishSharedConnection(
  writer: StoreWriter,
  host: PartitionKey,
  slaveReference: string,
  connectionXml: string,
): Promise<void> {
  const slave = await writer.slave(slaveReference, host.computerId);
  if (!(await writer.setSlaveConnection(host, slaveReference, connectionXml))) return;
  if (slave === undefined || slave.connectionXml === connectionXml) return;
  const root = slave.askedBy ?? '';
  const instance = slaveReference.slice(root.length + 1);
  await writer.addEvent({
    kind: 'shared.published',
    computerId: host.computerId,
    partitionId: host.partitionId,
    instance,
    root: root === '' ? instance : root,
  });
}
