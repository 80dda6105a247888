import path from 'node:path';
import { UntrustedDirectory } from '@slapos/host';
import { journalFiles } from './event-journal.js';
import type { JournalEvent } from './read-journal.js';

/** So much of the end of the journal is looked at: some thousand events. */
const JOURNAL_BYTES = 1024 * 1024;

/** The last events of the journal, oldest first; none where there is no journal that can be read. */
export async function readJournalEnd(instanceRoot: string): Promise<JournalEvent[]> {
  const [, current] = journalFiles(instanceRoot);
  let text: string | undefined;
  try {
    await using folder = await UntrustedDirectory.open(path.dirname(current));
    text = await folder.readText(path.basename(current), { maxBytes: JOURNAL_BYTES, tail: true });
  } catch {
    return [];
  }
  return (text ?? '').split('\n').flatMap((line) => eventOf(line) ?? []);
}

/** The first line may be cut off, and one that is being written, too. */
function eventOf(line: string): JournalEvent | undefined {
  try {
    return JSON.parse(line) as JournalEvent;
  } catch {
    return undefined;
  }
}
