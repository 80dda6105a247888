import type { PartitionReason, PlannedInstance, PlannedRelease, PlannedRemoval, SoftwareReason } from '@slapos/grid';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = [
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'min'],
  [SECOND, 's'],
] as const;

const RELEASE_REASONS: Readonly<Record<SoftwareReason, string>> = {
  new: 'new',
  incomplete: 'begun, and not complete',
  forced: 'forced',
  complete: 'complete',
  requested: 'requested',
  filtered: 'not named',
  duplicate: 'named twice by the master',
  'invalid-url': 'its URL cannot be used',
  'unknown-state': 'the master asks for a state that is none',
  'not-requested': 'nobody asks for it',
};

/** Why a Software Release is handled so, in words. */
export function releaseReason({ reason, requestedState, completedAtMs }: PlannedRelease): string {
  if (reason === 'complete' && completedAtMs !== undefined) return `complete since ${dayOf(completedAtMs)}`;
  return reason === 'unknown-state' ? `the master asks for ${JSON.stringify(requestedState)}` : RELEASE_REASONS[reason];
}

const PARTITION_REASONS: Readonly<Record<PartitionReason, string>> = {
  'invalid-id': 'its name cannot be used',
  'folder-missing': 'its folder is missing: slapos node format makes it',
  free: 'free',
  filtered: 'not named',
  unchanged: 'unchanged',
  forced: 'forced',
  'force-stop': 'to be stopped by force',
  'no-timestamp': 'the master gives no timestamp',
  'not-deployed': 'not deployed yet, or its last pass failed',
  'newer-timestamp': 'changed',
  'timestamp-changed': 'changed',
  'periodicity-zero': 'processed in every pass (periodicity 0)',
  'periodicity-elapsed': 'periodicity elapsed',
  'unknown-state': 'the master asks for a state that is none',
};

/**
 * Why a partition is handled so, in words, with what that was decided by.
 * @param failures how many passes in a row failed on it; `undefined` when that is not known
 */
export function instanceReason(item: PlannedInstance, nowMs: number, failures: number | undefined): string {
  const { reason, masterTimestamp, processedTimestamp, dueAtMs } = item;
  const ending = item.action === 'process' && item.requestedState !== 'started' ? `, to be ${item.requestedState}` : '';
  const why = ((): string => {
    if ((reason === 'newer-timestamp' || reason === 'timestamp-changed') && processedTimestamp !== undefined) {
      const sign = Number(masterTimestamp) < Number(processedTimestamp) ? '<' : '>';
      return `master timestamp ${masterTimestamp ?? ''} ${sign} processed ${processedTimestamp}`;
    }
    if (reason === 'not-deployed' && failures !== undefined)
      return failures === 0
        ? 'not deployed yet'
        : `last pass failed${failures === 1 ? '' : ` ${String(failures)} times`}, next by retry`;
    if (reason === 'periodicity-elapsed' && dueAtMs !== undefined)
      return `periodicity elapsed ${spanText(nowMs - dueAtMs)} ago`;
    if (reason === 'unchanged' && dueAtMs !== undefined)
      return `unchanged, next by periodicity in ${spanText(dueAtMs - nowMs)}`;
    return PARTITION_REASONS[reason];
  })();
  return `${why}${ending}`;
}

/** Why an instance is removed, or kept, in words. */
export function removalReason({ reason, keptUntilMs }: PlannedRemoval): string {
  if (reason === 'retention' && keptUntilMs !== undefined) return `requested, but kept until ${dayOf(keptUntilMs)}`;
  return reason === 'folder-missing' ? PARTITION_REASONS['folder-missing'] : reason;
}

/** A span of time by its greatest unit. */
function spanText(ms: number): string {
  const [size, unit] = UNITS.find(([length]) => ms >= length) ?? [SECOND, 's'];
  return `${Math.floor(Math.max(0, ms) / size)} ${unit}`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 'YYYY-MM-DD'.length);
}
