import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@slapos/host';
import { FAULTS, SupervisorError, SupervisorFault } from '../errors.js';
import type { UpdateResult } from '../supervisor.js';
import { readArray, readScalar, readStruct } from '../xml-rpc/read-value.js';
import type { RpcClient } from './rpc-client.js';

const REMOVE_TRIES = 10;
const REMOVE_INTERVAL_MS = 1000;

const RESULT_MEMBERS = { name: 'string', group: 'string', status: 'number', description: 'string' } as const;

/**
 * Reads the configuration again and follows it: removed groups first, then changed, then added (spec: supervisor §5).
 * @throws SupervisorFault `CANT_REREAD` when a file cannot be read, and then nothing was changed
 */
export async function updateGroups(rpc: RpcClient, logger: Logger): Promise<UpdateResult> {
  logger.debug('Updating supervisord');
  const { added, changed, removed } = readChanges(await rpc.call('reloadConfig'));
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

/** The one triple of `reloadConfig`: names of groups that were added, changed, removed (spec: supervisor §5). */
function readChanges(answer: unknown): UpdateResult {
  const [triple] = readArray(answer, (item) => item, 'changes');
  const readNames = (item: unknown, at: string): string[] =>
    readArray(item, (name, place) => readScalar(name, 'string', place), at);
  const [added, changed, removed] = readArray(triple, readNames, 'changes[0]');
  if (added === undefined || changed === undefined || removed === undefined)
    throw new TypeError('changes[0]: expected three arrays of names');
  return { added, changed, removed };
}

/** Stops a group; gives false when one of its processes could not be stopped. */
export async function stopProcessGroup(rpc: RpcClient, group: string, logger: Logger): Promise<boolean> {
  logger.info(`Stopping ${group}`);
  const answer = await rpc.call('stopProcessGroup', [group]);
  const results = readArray(answer, (result, place) => readStruct(result, RESULT_MEMBERS, place), 'results');
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
