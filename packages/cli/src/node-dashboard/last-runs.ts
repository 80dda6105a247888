import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UntrustedDirectory } from '@slapos/host';
import { journalFiles } from '../pass-outputs/event-journal.js';
import type { JournalEvent } from '../pass-outputs/read-journal.js';
import type { LastRun } from './dashboard.js';

/** So much of the end of the journal is looked at: some thousand events. */
const JOURNAL_BYTES = 1024 * 1024;
const TIMESTAMP_FILE = '.timestamp';

/** How the last instance pass over each partition went, from the end of the journal. */
export async function readLastRuns(instanceRoot: string): Promise<ReadonlyMap<string, LastRun>> {
  const runs = new Map<string, LastRun>();
  const [, current] = journalFiles(instanceRoot);
  let text: string | undefined;
  try {
    await using folder = await UntrustedDirectory.open(path.dirname(current));
    text = await folder.readText(path.basename(current), { maxBytes: JOURNAL_BYTES, tail: true });
  } catch {
    // Without a journal the time of the last processing has to do.
  }
  for (const line of (text ?? '').split('\n')) {
    const event = eventOf(line);
    if (event?.type !== 'partition.finished' || event.pass !== 'instance') continue;
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

function eventOf(line: string): JournalEvent | undefined {
  try {
    return JSON.parse(line) as JournalEvent;
  } catch {
    return undefined;
  }
}
