import type { PlannedInstance } from '@slapos/grid';
import { readJournalEnd } from '../pass-outputs/read-journal-end.js';

const FAILURES: ReadonlySet<unknown> = new Set(['failed', 'promise-failed']);

/**
 * How many instance passes in a row failed on each of the planned partitions, going by the end of the journal. Empty where there is no
 * journal to read: then nothing is known of any.
 */
export async function failedPasses(
  instanceRoot: string,
  planned: readonly PlannedInstance[],
): Promise<ReadonlyMap<string, number>> {
  if (!planned.some(({ reason }) => reason === 'not-deployed')) return new Map();
  const events = await readJournalEnd(instanceRoot);
  if (events.length === 0) return new Map();
  const failures = new Map(planned.map(({ partitionId }) => [partitionId, 0]));
  for (const { type, passName, partition, outcome } of events) {
    if (type !== 'partition.finished' || passName !== 'instance' || typeof partition !== 'string') continue;
    const before = failures.get(partition);
    if (before !== undefined) failures.set(partition, FAILURES.has(outcome) ? before + 1 : 0);
  }
  return failures;
}
