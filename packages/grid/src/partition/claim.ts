import { randomUUID } from 'node:crypto';

import { type HeldLock, isSlapOSError, type Locks, type Logger } from '@slapos/host';
import { z } from 'zod';

import { openState, readState } from './offline-state.js';
import { PARTITION_ID } from './plan.js';

const REMOVALS_FILE = 'removals.json';
const FILE_MODE = 0o600;

const removalsSchema = z.record(z.string().regex(PARTITION_ID), z.string());

/** For each partition that was ever emptied, a mark of the last time: another mark means that it was emptied since. */
export type Removals = Readonly<z.output<typeof removalsSchema>>;

/**
 * Claims a partition for one pass, as long as the lock is held. Instance and report passes run beside each other, and what the one deploys while
 * the other removes the instance would stay in a partition that is free, and be found by the next one there (security S19).
 * @returns `undefined` when another pass works on it
 */
export async function claimPartition(
  locks: Locks,
  instanceRoot: string,
  partitionId: string,
): Promise<HeldLock | undefined> {
  await using folder = await openState(instanceRoot);
  try {
    return await locks.acquire(`${folder.path}/${partitionId}.pid`);
  } catch (error) {
    if (isSlapOSError(error) && error.code === 'HOST_LOCKED') return undefined;
    throw error;
  }
}

/** What was removed until now; empty when nothing was, or when the file is broken. */
export async function readRemovals(instanceRoot: string, logger: Logger): Promise<Removals> {
  await using folder = await openState(instanceRoot);
  return (await readState(folder, REMOVALS_FILE, removalsSchema, logger)) ?? {};
}

/** Before a partition is emptied: whoever has asked the master before knows of an instance that is no more. Only one pass removes. */
export async function noteRemoval(instanceRoot: string, partitionId: string, logger: Logger): Promise<void> {
  const removals = await readRemovals(instanceRoot, logger);
  await using folder = await openState(instanceRoot);
  const content = JSON.stringify({ ...removals, [partitionId]: randomUUID() });
  await folder.writeAtomic(REMOVALS_FILE, content, { mode: FILE_MODE });
}
