/** What a pass found on the disk about one partition. All of it cheap to read: a no-op pass reads nothing else. */
export interface ObservedPartition {
  readonly folder: 'present' | 'absent' | 'not-a-folder';
  /** Content of `.timestamp`: the master's timestamp of the last success, as text. */
  readonly timestamp?: string;
  /** When `.timestamp` was written, in milliseconds since the epoch. */
  readonly timestampWrittenAtMs?: number;
  /** Of a partition that was deployed: whether it has promises that could fail. */
  readonly hasPromises?: boolean;
  /** Whether the folder of its Software Release exists. */
  readonly releaseInstalled: boolean;
  /** The integer in the release's `periodicity` file, in seconds. */
  readonly releasePeriodicitySeconds?: number;
}

/** What the master asks of one partition, as far as planning needs it. */
export interface RequestedPartition {
  readonly partitionId: string;
  readonly requestedState: string | undefined;
  readonly softwareReleaseUrl: string | undefined;
  /** The text of the `timestamp` parameter. */
  readonly timestamp: string | undefined;
}

/** The options of the instance pass that decide what is done. */
export interface InstancePlanOptions {
  /** Process partitions that are up to date, too. */
  readonly force?: boolean;
  /** Partition ids; empty: all. */
  readonly onlyPartitions?: readonly string[];
  /** Build, but stop what runs. */
  readonly forceStop?: boolean;
  /** Process again when the last success is older. 0: always; negative: only when the timestamp changes. */
  readonly maximumPeriodicitySeconds: number;
}

/** Why a partition is handled as planned. */
export type PartitionReason =
  | 'invalid-id'
  | 'folder-missing'
  | 'free'
  | 'filtered'
  | 'unchanged'
  | 'forced'
  | 'force-stop'
  | 'no-timestamp'
  | 'not-deployed'
  /** The master has changed something since the last success. */
  | 'newer-timestamp'
  /** It differs otherwise: the master was set back to an older state. */
  | 'timestamp-changed'
  | 'periodicity-zero'
  | 'periodicity-elapsed'
  | 'unknown-state';

/** The states of the master that a partition can be brought to. */
export const PARTITION_STATES = ['started', 'stopped', 'destroyed'] as const;
/** One of `PARTITION_STATES`. */
export type PartitionState = (typeof PARTITION_STATES)[number];

/** One decision of the instance pass. */
export type PlannedPartition = {
  readonly partitionId: string;
  readonly reason: PartitionReason;
} & (
  | {
      readonly action: 'process';
      readonly requestedState: PartitionState;
      /** Start what the partition has, or stop it (also with force-stop). */
      readonly services: 'start' | 'stop';
      /** Whether a success is remembered in `.timestamp`; force-stop neither writes nor removes it. */
      readonly keepsTimestamp: boolean;
      /** Its Software Release is not there yet, so processing will fail. */
      readonly blocked: boolean;
    }
  /** Up to date and started: only its promises are looked at, for anomalies. */
  | { readonly action: 'check' }
  | { readonly action: 'skip' }
  /** Nobody uses it: leftovers of a pass are removed. */
  | { readonly action: 'tidy' }
  /** An error of this partition. */
  | { readonly action: 'refuse' }
);

/** Partition ids become names of files, groups and sections, so they are checked before anything else. (spec: security S4) */
export const PARTITION_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const MILLISECONDS_PER_SECOND = 1000;

/** Why an already deployed partition has to be processed, or `unchanged`. (spec: grid 7.3) */
function timestampReason(
  observed: ObservedPartition,
  requested: RequestedPartition,
  periodicitySeconds: number,
  nowMs: number,
): PartitionReason {
  if (requested.timestamp === undefined) return 'no-timestamp';
  if (periodicitySeconds === 0) return 'periodicity-zero';
  if (observed.timestamp === undefined) return 'not-deployed';
  if (observed.timestamp !== requested.timestamp)
    return isNewer(requested.timestamp, observed.timestamp) ? 'newer-timestamp' : 'timestamp-changed';
  if (periodicitySeconds < 0) return 'unchanged';
  const writtenAtMs = observed.timestampWrittenAtMs ?? 0;
  const dueMs = writtenAtMs + periodicitySeconds * MILLISECONDS_PER_SECOND;
  return nowMs <= dueMs ? 'unchanged' : 'periodicity-elapsed';
}

/** An empty text is what a crash left: it says nothing about what is newer. */
function isNewer(timestamp: string, than: string): boolean {
  return than !== '' && Number(timestamp) > Number(than);
}

function isPartitionState(state: string): state is PartitionState {
  return (PARTITION_STATES as readonly string[]).includes(state);
}

/** Decides what happens to one partition. Pure. (spec: grid 7.2, 7.3) */
export function planPartition(
  observed: ObservedPartition,
  requested: RequestedPartition,
  options: InstancePlanOptions,
  nowMs: number,
): PlannedPartition {
  const { partitionId } = requested;
  if (!PARTITION_ID.test(partitionId)) return { partitionId, action: 'refuse', reason: 'invalid-id' };
  if (observed.folder !== 'present') return { partitionId, action: 'refuse', reason: 'folder-missing' };
  const state = requested.requestedState ?? 'destroyed';
  if (state === 'destroyed' && requested.softwareReleaseUrl === undefined) {
    return { partitionId, action: 'tidy', reason: 'free' };
  }
  const only = options.onlyPartitions ?? [];
  if (only.length > 0 && !only.includes(partitionId)) return { partitionId, action: 'skip', reason: 'filtered' };

  const stopsByForce = options.forceStop === true && state === 'started';
  const reason = ((): PartitionReason => {
    if (stopsByForce) return 'force-stop';
    if (options.force === true) return 'forced';
    const periodicity = observed.releasePeriodicitySeconds ?? options.maximumPeriodicitySeconds;
    return timestampReason(observed, requested, periodicity, nowMs);
  })();
  if (reason === 'unchanged') {
    return { partitionId, action: state === 'started' ? 'check' : 'skip', reason };
  }
  if (!isPartitionState(state)) return { partitionId, action: 'refuse', reason: 'unknown-state' };
  return {
    partitionId,
    action: 'process',
    reason,
    requestedState: state,
    services: state === 'started' && !stopsByForce ? 'start' : 'stop',
    keepsTimestamp: !stopsByForce,
    blocked: state !== 'destroyed' && !observed.releaseInstalled,
  };
}

/**
 * Decides what an instance pass does, in the master's order. Pure.
 * The names in `onlyPartitions` are checked by the caller (spec: grid 7.1), because an unknown one ends the pass.
 */
export function planInstance(
  observed: ReadonlyMap<string, ObservedPartition>,
  requested: readonly RequestedPartition[],
  options: InstancePlanOptions,
  nowMs: number,
): PlannedPartition[] {
  return requested.map((partition) =>
    planPartition(
      observed.get(partition.partitionId) ?? { folder: 'absent', releaseInstalled: false },
      partition,
      options,
      nowMs,
    ),
  );
}

/** The names that the master does not know, sorted. (spec: grid 7.1) */
export function unknownPartitions(only: readonly string[], requested: readonly RequestedPartition[]): string[] {
  const known = new Set(requested.map((partition) => partition.partitionId));
  return [...new Set(only)].filter((name) => !known.has(name)).sort();
}
