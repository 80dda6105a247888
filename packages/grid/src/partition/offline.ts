import { isSlapOSError, UntrustedDirectory } from '@slapos/host';
import { removePartitionGroup } from '@slapos/supervisor';

import { PARTITION_ID } from './plan.js';
import type { InstanceContext } from './work.js';

/** Written by agents before 1.10: what the master wanted last. (spec: grid 7.7) */
const LEGACY_STATE_FILE = '.requested_state';
const MAX_STATE_BYTES = 1024;

/** The partitions that an old agent remembered as stopped; the files that said so are removed. */
async function takeLegacyStates(instanceRoot: string): Promise<string[]> {
  const stopped: string[] = [];
  await using root = await UntrustedDirectory.open(instanceRoot);
  for (const name of await root.list()) {
    if (!PARTITION_ID.test(name) || (await root.stat(name))?.type !== 'directory') continue;
    await using folder = await root.openSubdirectory(name);
    if (!(await folder.exists(LEGACY_STATE_FILE))) continue;
    const state = await folder.readText(LEGACY_STATE_FILE, { maxBytes: MAX_STATE_BYTES }).catch((error: unknown) => {
      if (isSlapOSError(error)) return undefined; // no plain file: no agent wrote it
      throw error;
    });
    await folder.removeTree(LEGACY_STATE_FILE);
    if (state?.trim() === 'stopped') stopped.push(name);
  }
  return stopped;
}

/**
 * What is done without the master: everything that was deployed and not stopped is started. Partitions that were stopped have no
 * configuration file, and so stay stopped. (spec: grid 7.7)
 * @returns whether that worked; a failure is logged.
 */
export async function runOffline(context: InstanceContext, reason: Error): Promise<boolean> {
  const { options, ports } = context;
  const { logger, supervisor } = ports;
  logger.warn('The master cannot be used', { error: reason });
  logger.info('Processing computer partitions offline...');
  try {
    let mustUpdate = false;
    for (const partitionId of await takeLegacyStates(options.instanceRoot)) {
      mustUpdate = (await removePartitionGroup(options.instanceRoot, partitionId)) || mustUpdate;
    }
    if (mustUpdate) await supervisor.update();
    await supervisor.startAll();
    return true;
  } catch (error) {
    logger.error('Failed to start the services without the master', { error });
    return false;
  }
}
