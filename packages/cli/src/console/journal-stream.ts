import { fstatSync } from 'node:fs';

const STANDARD_ERROR = 2;

/**
 * Whether standard error goes to the journal of systemd, which says so by naming the stream's device and inode.
 * @param variable the value of `JOURNAL_STREAM`; children inherit it, so it is compared
 */
export function isJournalStream(variable: string | undefined): boolean {
  if (variable === undefined || variable === '') return false;
  const { dev, ino } = fstatSync(STANDARD_ERROR);
  return variable === `${dev}:${ino}`;
}
