import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readJournalEnd } from '../pass-outputs/read-journal-end.js';
import type { LastRun } from './dashboard.js';

const TIMESTAMP_FILE = '.timestamp';

/** How the last instance pass over each partition went, from the end of the journal. */
export async function readLastRuns(instanceRoot: string): Promise<ReadonlyMap<string, LastRun>> {
  const runs = new Map<string, LastRun>();
  // Without a journal the time of the last processing has to do.
  for (const event of await readJournalEnd(instanceRoot)) {
    if (event.type !== 'partition.finished' || event.passName !== 'instance') continue;
    const { time, partition, durationMs, outcome } = event;
    if (typeof partition !== 'string') continue;
    runs.set(partition, {
      endedAt: time,
      ...(typeof durationMs === 'number' ? { durationMs } : {}),
      ...(typeof outcome === 'string' ? { outcome } : {}),
    });
  }
  return runs;
}

/** When a partition was processed last. */
export async function lastProcessing(partitionPath: string): Promise<LastRun | undefined> {
  const written = await stat(path.join(partitionPath, TIMESTAMP_FILE)).catch(() => undefined);
  return written === undefined ? undefined : { endedAt: written.mtime.toISOString() };
}
