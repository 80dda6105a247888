import { ProxyError } from '../errors.js';
import type { StoreReader } from './proxy-store.js';

/**
 * Makes sure that nobody has used a store yet.
 * @throws ProxyError `PROXY_CONFLICT`.
 */
export async function requireEmpty(reader: StoreReader): Promise<void> {
  const [computers, partitions, events] = [
    await reader.computers(),
    await reader.partitionCounts(),
    await reader.eventRange(),
  ];
  if (computers.length === 0 && partitions.length === 0 && events === undefined) return;
  const count = partitions.reduce((sum, group) => sum + group.count, 0);
  throw new ProxyError(
    'PROXY_CONFLICT',
    `The database is not empty (computers: ${computers.length}, partitions: ${count})`,
    { hint: 'Take another database, or say that what is there is to be replaced. Nothing was changed.' },
  );
}
