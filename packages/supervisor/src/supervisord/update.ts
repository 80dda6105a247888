import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Logger } from '@slapos/host';
import { FAULTS, SupervisorError, SupervisorFault } from '../errors.js';
import type { UpdateResult } from '../supervisor.js';
import type { RpcClient } from './rpc-client.js';

const REMOVE_TRIES = 10;
const REMOVE_INTERVAL_MS = 1000;

const changesSchema = z.tuple([z.tuple([z.array(z.string()), z.array(z.string()), z.array(z.string())])]);
const resultsSchema = z.array(
  z.object({ name: z.string(), group: z.string(), status: z.number(), description: z.string() }),
);

/**
 * Reads the configuration again and follows it: removed groups first, then changed, then added (spec: supervisor §5).
 * @throws SupervisorFault `CANT_REREAD` when a file cannot be read, and then nothing was changed
 */
export async function updateGroups(rpc: RpcClient, logger: Logger): Promise<UpdateResult> {
  logger.debug('Updating supervisord');
  const [[added, changed, removed]] = changesSchema.parse(await rpc.call('reloadConfig'));
  for (const group of removed) {
    await stopAndRemove(rpc, group, logger);
    logger.info(`Updated ${group}: removed`);
  }
  for (const group of changed) {
    await stopAndRemove(rpc, group, logger);
    await rpc.call('addProcessGroup', [group]);
    logger.info(`Updated ${group}: changed`);
  }
  await rpc.callForEach('addProcessGroup', added);
  for (const group of added) logger.info(`Updated ${group}: added`);
  logger.debug('Supervisord is updated');
  return { added, changed, removed };
}

/** Stops a group; gives false when one of its processes could not be stopped. */
export async function stopProcessGroup(rpc: RpcClient, group: string, logger: Logger): Promise<boolean> {
  logger.info(`Stopping ${group}`);
  const results = resultsSchema.parse(await rpc.call('stopProcessGroup', [group]));
  return results.every(({ status }) => status !== FAULTS.FAILED);
}

async function stopAndRemove(rpc: RpcClient, group: string, logger: Logger): Promise<void> {
  if (!(await stopProcessGroup(rpc, group, logger)))
    logger.warn(`Processes of ${group} could not be stopped, will try later`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await rpc.call('removeProcessGroup', [group]);
      return;
    } catch (error) {
      const isLast = attempt === REMOVE_TRIES;
      if (!(error instanceof SupervisorFault) || error.faultCode !== FAULTS.STILL_RUNNING) throw error;
      if (isLast) {
        throw new SupervisorError('SUPERVISOR_STILL_RUNNING', `The services of ${group} did not stop`, {
          cause: error,
          retryable: true,
        });
      }
      await pause(REMOVE_INTERVAL_MS);
    }
  }
}
