import type { JournalEvent } from './read-journal.js';
import { readJournalEnd } from './read-journal-end.js';

/**
 * How often a promise of a partition has failed without a success between, going by the end of the journal; 0 when it says nothing.
 */
export async function failuresInARow(instanceRoot: string, partition: string, promise: string): Promise<number> {
  let failures = 0;
  const isAbout = (event: JournalEvent): boolean =>
    event.type === 'promise.finished' && event['partition'] === partition && event['promise'] === promise;
  for (const event of await readJournalEnd(instanceRoot)) {
    if (isAbout(event)) failures = event['ok'] === true ? 0 : failures + 1;
  }
  return failures;
}
