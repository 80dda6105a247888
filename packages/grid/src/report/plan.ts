import type { PartitionInformation } from '@slapos/slap';

import { GridError } from '../errors.js';
import { PARTITION_ID } from '../partition/plan.js';
import { retentionEnd } from '../partition/retention.js';
import { openPartition } from '../partition/work.js';
import { checkNodeOptions, type NodeOptions } from '../pass/options.js';
import type { PlanPorts } from '../pass/ports.js';

/** What a report pass would do with an instance that is to be destroyed. */
export interface PlannedRemoval {
  readonly partitionId: string;
  readonly instanceTitle?: string;
  readonly action: 'destroy' | 'keep' | 'refuse';
  /** `retention`: it is kept until `keptUntilMs`, in milliseconds since 1970. */
  readonly reason: 'requested' | 'retention' | 'folder-missing';
  readonly keptUntilMs?: number;
}

const MILLISECONDS = 1000;

/** A partition that somebody has, or had until it is removed. (spec: grid 7.2) */
export function isUsed({ partitionId, requestedState, softwareReleaseUrl }: PartitionInformation): boolean {
  const isFree = (requestedState ?? 'destroyed') === 'destroyed' && (softwareReleaseUrl ?? '') === '';
  return PARTITION_ID.test(partitionId) && !isFree;
}

/**
 * Says which instances a report pass would remove. Changes nothing. Programs that an instance wants to be waited for, and usage that
 * the master does not take, can still keep one.
 * @throws GridError, SlapError.
 */
export async function planReportPass(
  options: NodeOptions,
  ports: PlanPorts,
  control: { readonly signal?: AbortSignal } = {},
): Promise<PlannedRemoval[]> {
  checkNodeOptions(options);
  const information = await ports.master.fetchComputerInformation(
    control.signal === undefined ? {} : { signal: control.signal },
  );
  const wanted = information.partitions.filter((one) => isUsed(one) && one.requestedState === 'destroyed');
  const nowMs = ports.host.clock.now();
  return Promise.all(wanted.map((partition) => planRemoval(partition, options.instanceRoot, nowMs)));
}

async function planRemoval(
  { partitionId, instanceTitle }: PartitionInformation,
  instanceRoot: string,
  nowMs: number,
): Promise<PlannedRemoval> {
  const about = { partitionId, ...(instanceTitle === undefined ? {} : { instanceTitle }) };
  try {
    await using folder = await openPartition(instanceRoot, partitionId);
    const end = await retentionEnd(folder, nowMs);
    const keptUntilMs = end === undefined ? 0 : end.atSeconds * MILLISECONDS;
    return keptUntilMs > nowMs
      ? { ...about, action: 'keep', reason: 'retention', keptUntilMs }
      : { ...about, action: 'destroy', reason: 'requested' };
  } catch (error) {
    if (error instanceof GridError && error.code === 'GRID_PARTITION_MISSING')
      return { ...about, action: 'refuse', reason: 'folder-missing' };
    throw error;
  }
}
