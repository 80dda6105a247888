import type { Logger } from '@slapos/host';

import { TIMESTAMP_FILE } from './observe.js';
import { openPartition } from './work.js';

const LEFTOVERS = ['.slapgrid', TIMESTAMP_FILE] as const;
/** What `slapos node format` writes; it belongs to the partition, not to an instance. */
const RESOURCE_FILE = '.slapos-resource';
const SHOWN_NAMES = 20;

/** Removes what a pass may have left in a partition that nobody uses, and warns when there is more. (spec: grid 7.2) */
export async function tidyFreePartition(instanceRoot: string, partitionId: string, logger: Logger): Promise<void> {
  await using folder = await openPartition(instanceRoot, partitionId);
  for (const name of LEFTOVERS) {
    if (await folder.exists(name)) await folder.removeTree(name);
  }
  const names = (await folder.list()).filter((name) => name !== RESOURCE_FILE);
  if (names.length > 0) {
    logger.warn('The partition is free, but its folder is not empty', {
      partition: partitionId,
      directory: folder.path,
      names: names.slice(0, SHOWN_NAMES),
    });
  }
}
