import type { StoreWriter } from '../store/proxy-store.js';
import type { PartitionKey } from '../store/records.js';
import { eventOf } from '../events/event-of.js';
import { rootNameOfInstance } from './request-instance.js';
import type { TimestampSource } from './timestamps.js';

const DESTROYED = 'destroyed';

/**
 * Makes every instance of the tree be processed again: all get one new time stamp (spec: proxy §5.5).
 * Does nothing for a partition that is unknown or free.
 */
export async function bangTree(writer: StoreWriter, key: PartitionKey, timestamps: TimestampSource): Promise<void> {
  const partition = await writer.partition(key);
  if (partition?.slapState !== 'busy') return;
  const rootName = rootNameOfInstance(partition);
  const tree = [await writer.instance(rootName, ''), ...(await writer.descendantsOf(rootName))];
  await writer.touchTree(rootName, timestamps.next(...tree.map((instance) => instance?.changedAt ?? null)));
}

/**
 * Gives an instance another name; when it is a root, its descendants follow. Returns false when the partition is unknown.
 * @throws ProxyError `PROXY_CONFLICT` when the tree has another instance of that name.
 */
export async function renameInstance(writer: StoreWriter, key: PartitionKey, name: string): Promise<boolean> {
  const partition = await writer.partition(key);
  if (partition === undefined) return false;
  if (partition.slapState !== 'busy') return true;
  await writer.renameInstance(key, name);
  await writer.addEvent({
    kind: 'instance.renamed',
    ...eventOf({ ...partition, instanceName: name }),
    message: `was ${partition.instanceName ?? ''}`,
  });
  const wasRoot = partition.rootName === '' && partition.instanceName !== null && partition.instanceName !== '';
  if (wasRoot) await writer.renameRoot(partition.instanceName, name);
  return true;
}

/** What became of a partition that its node has emptied. */
export type DestructionOutcome =
  | { readonly outcome: 'freed' }
  | { readonly outcome: 'unknown' }
  /** Sorted by code point. */
  | { readonly outcome: 'has-children'; readonly childNames: readonly string[] };

/**
 * Frees a partition after its node has removed the instance. A root that has descendants is not freed: they are asked to be destroyed
 * first, and the node tries again at its next pass (spec: proxy §5.6).
 */
export async function destroyInstance(writer: StoreWriter, key: PartitionKey): Promise<DestructionOutcome> {
  const partition = await writer.partition(key);
  if (partition === undefined) return { outcome: 'unknown' };
  const isRoot = partition.rootName === '' && partition.instanceName !== null;
  const children = isRoot ? await writer.descendantsOf(partition.instanceName) : [];
  if (children.length > 0) {
    await writer.requestStateOfDescendants(partition.instanceName ?? '', DESTROYED);
    for (const child of children) {
      if (child.requestedState === DESTROYED) continue;
      await writer.addEvent({ kind: 'instance.changed', ...eventOf({ ...child, requestedState: DESTROYED }) });
    }
    return {
      outcome: 'has-children',
      childNames: children.map((child) => child.instanceName ?? '').sort(compareCodePoints),
    };
  }
  await writer.freePartition(key);
  if (partition.slapState === 'busy')
    await writer.addEvent({ kind: 'instance.freed', ...eventOf(partition), state: DESTROYED });
  return { outcome: 'freed' };
}

function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
