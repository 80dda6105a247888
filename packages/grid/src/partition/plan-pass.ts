import type { ComputerInformation, PartitionInformation } from '@slapos/slap';

import { GridError } from '../errors.js';
import { checkNodeOptions, DEFAULT_MAXIMUM_PERIODICITY_SECONDS, type InstancePassOptions } from '../pass/options.js';
import type { PlanPorts } from '../pass/ports.js';
import { observeInstances, requestedPartition } from './observe.js';
import { type ObservedPartition, planInstance, type PlannedPartition, unknownPartitions } from './plan.js';

/** One partition of a plan, with what it was made of. */
export interface PlannedItem {
  readonly planned: PlannedPartition;
  readonly requested: PartitionInformation;
  readonly observed: ObservedPartition | undefined;
  /** Deployed, with promises that could fail. */
  readonly hasPromises: boolean;
}

interface InstancePlan {
  readonly items: readonly PlannedItem[];
  readonly invalidPeriodicities: readonly string[];
}

/** What an instance pass would do with one partition, and what that was decided by. */
export type PlannedInstance = PlannedPartition & {
  readonly instanceTitle?: string;
  readonly softwareType?: string;
  readonly softwareReleaseUrl?: string;
  /** The timestamp that the master gives, and that of the last success, as texts of seconds since 1970. */
  readonly masterTimestamp?: string;
  readonly processedTimestamp?: string;
  /** When it is processed again although nothing changes, in milliseconds since 1970. */
  readonly dueAtMs?: number;
};

const MILLISECONDS = 1000;

/**
 * Looks at what is there, and decides about every partition that the master names.
 * @throws GridError `GRID_UNKNOWN_PARTITION`
 */
export async function planItems(
  information: ComputerInformation,
  options: InstancePassOptions,
  nowMs: number,
): Promise<InstancePlan> {
  const requested = information.partitions.map(requestedPartition);
  const unknown = unknownPartitions(options.onlyPartitions ?? [], requested);
  if (unknown.length > 0) {
    throw new GridError(
      'GRID_UNKNOWN_PARTITION',
      `Unknown partition${unknown.length === 1 ? '' : 's'}: ${unknown.join(', ')}`,
      {
        hint: `The master knows: ${requested.map((partition) => partition.partitionId).join(', ') || 'none'}`,
      },
    );
  }
  const observed = await observeInstances(options, requested);
  const maximumPeriodicitySeconds = options.maximumPeriodicitySeconds ?? DEFAULT_MAXIMUM_PERIODICITY_SECONDS;
  const planned = planInstance(observed.partitions, requested, { ...options, maximumPeriodicitySeconds }, nowMs);
  const items = information.partitions.flatMap((partition, index) => {
    const plan = planned[index];
    if (plan === undefined) return [];
    const found = observed.partitions.get(partition.partitionId);
    return [{ planned: plan, requested: partition, observed: found, hasPromises: found?.hasPromises ?? true }];
  });
  return { items, invalidPeriodicities: observed.invalidPeriodicities };
}

/**
 * Reads what the master wants and what is there, and says what an instance pass would do. Changes nothing.
 * @throws GridError, SlapError.
 */
export async function planInstancePass(
  options: InstancePassOptions,
  ports: PlanPorts,
  control: { readonly signal?: AbortSignal } = {},
): Promise<PlannedInstance[]> {
  checkNodeOptions(options);
  const information = await ports.master.fetchComputerInformation(
    control.signal === undefined ? {} : { signal: control.signal },
  );
  const { items } = await planItems(information, options, ports.host.clock.now());
  return items.map((item) => describe(item, options));
}

function describe({ planned, requested, observed }: PlannedItem, options: InstancePassOptions): PlannedInstance {
  const { instanceTitle, softwareType, softwareReleaseUrl, timestamp } = requested;
  const periodicitySeconds =
    observed?.releasePeriodicitySeconds ?? options.maximumPeriodicitySeconds ?? DEFAULT_MAXIMUM_PERIODICITY_SECONDS;
  const writtenAtMs = observed?.timestampWrittenAtMs;
  return {
    ...planned,
    ...(instanceTitle === undefined ? {} : { instanceTitle }),
    ...(softwareType === undefined ? {} : { softwareType }),
    ...(softwareReleaseUrl === undefined || softwareReleaseUrl === '' ? {} : { softwareReleaseUrl }),
    ...(timestamp === undefined ? {} : { masterTimestamp: timestamp }),
    ...(observed?.timestamp === undefined ? {} : { processedTimestamp: observed.timestamp }),
    ...(writtenAtMs === undefined || periodicitySeconds < 0
      ? {}
      : { dueAtMs: writtenAtMs + periodicitySeconds * MILLISECONDS }),
  };
}
