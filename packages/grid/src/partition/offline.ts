import { isSlapOSError, UntrustedDirectory } from '@slapos/host';
import type { PartitionInformation } from '@slapos/slap';
import { removePartitionGroup } from '@slapos/supervisor';

import { queueReports, readTarget, type LastTarget, type UnsentReport } from './offline-state.js';
import { PARTITION_ID } from './plan.js';
import { hasPromises, promiseFailureText, runPartitionPromises } from './promises.js';
import { type InstanceContext, inspectPartition } from './work.js';

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

/** A partition as far as its promises are concerned, from what is remembered. */
function rememberedPartition(target: LastTarget, computerId: string): PartitionInformation {
  const { partitionId, softwareReleaseUrl, requestedState, softwareType } = target;
  return {
    computerId,
    partitionId,
    softwareReleaseUrl,
    ...(requestedState === undefined ? {} : { requestedState }),
    ...(softwareType === undefined ? {} : { softwareType }),
    instanceParameters: {},
    connectionParameters: {},
    ipList: [],
    fullIpList: [],
    filter: {},
    sharedInstances: [],
  };
}

/** Looks at the promises of what should run; failures are kept for the master. */
async function checkPromisesOffline(context: InstanceContext): Promise<void> {
  const { options, ports } = context;
  const failures: UnsentReport[] = [];
  for (const target of await readTarget(options.instanceRoot, ports.logger)) {
    if (target.requestedState !== 'started') continue;
    context.signal?.throwIfAborted();
    try {
      await inspectPartition(rememberedPartition(target, options.computerId), context, async (work) => {
        if (!(await hasPromises(work.folder))) return;
        const { firstFailure } = await runPartitionPromises(work, context, 'anomaly');
        if (firstFailure === undefined) return;
        const text = promiseFailureText(firstFailure);
        work.logger.error(text);
        failures.push({ partitionId: work.partitionId, text });
      });
    } catch (error) {
      ports.logger.error('Could not check the promises', { partition: target.partitionId, error });
    }
  }
  await queueReports(options.instanceRoot, failures, ports.logger);
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
    await checkPromisesOffline(context);
    return true;
  } catch (error) {
    logger.error('Failed to start the services without the master', { error });
    return false;
  }
}
