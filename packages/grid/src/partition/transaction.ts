import type { InstanceContext, PartitionWork } from './work.js';

const MAX_TRANSACTION_BYTES = 1024 * 1024;

/** The file in which the partition's own programs note which instances they requested. (spec: grid 7.5) */
export function transactionFileName(partitionId: string): string {
  return `.slapos-request-transaction-${partitionId}`;
}

/** Forgets what an earlier build requested. */
export async function beginTransaction(work: PartitionWork): Promise<void> {
  await work.folder.removeTree(transactionFileName(work.partitionId));
}

/** Tells the master which instances this one requested while it was built, so that it can drop the others. (spec: grid 7.5) */
export async function endTransaction(work: PartitionWork, context: InstanceContext): Promise<void> {
  const text = await work.folder.readText(transactionFileName(work.partitionId), { maxBytes: MAX_TRANSACTION_BYTES });
  if (text === undefined) return;
  const references = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const known = await context.ports.master.updateRelatedInstances(
    work.partitionId,
    references,
    context.signal === undefined ? {} : { signal: context.signal },
  );
  if (!known) work.logger.warn('The master does not implement updateComputerPartitionRelatedInstanceList');
}
