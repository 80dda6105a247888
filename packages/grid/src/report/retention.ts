import type { UntrustedDirectory } from '@slapos/host';

import { floatText, RETENTION_DELAY_FILE } from '../partition/retention.js';

/** Seconds since the epoch before which a destroyed instance is not removed. (spec: grid 8.6) */
const RETENTION_DATE_FILE = '.slapos-retention-lock-date';
const MODE = 0o644;
const MAX_BYTES = 1024;
const SECONDS_PER_DAY = 86_400;
const MILLISECONDS_PER_SECOND = 1000;

/**
 * Whether a destroyed instance may be removed now; the first time its retention date is fixed. (spec: grid 8.6, steps 2 and 3)
 * @param owner who owns the file that is written
 */
export async function mayBeRemoved(
  folder: UntrustedDirectory,
  nowMs: number,
  owner: { readonly uid?: number; readonly gid?: number },
): Promise<boolean> {
  const delayDays = await readNumber(folder, RETENTION_DELAY_FILE);
  let dateSeconds = await readNumber(folder, RETENTION_DATE_FILE);
  if (dateSeconds === undefined) {
    if (delayDays === undefined || delayDays <= 0) return true;
    dateSeconds = nowMs / MILLISECONDS_PER_SECOND + delayDays * SECONDS_PER_DAY;
    await folder.writeAtomic(RETENTION_DATE_FILE, floatText(dateSeconds), { mode: MODE, ...owner });
  }
  return nowMs >= dateSeconds * MILLISECONDS_PER_SECOND;
}

/** A number in a small file; `undefined` when there is none, or something else. */
async function readNumber(folder: UntrustedDirectory, name: string): Promise<number | undefined> {
  if ((await folder.stat(name))?.type !== 'file') return undefined;
  const text = (await folder.readText(name, { maxBytes: MAX_BYTES }))?.trim() ?? '';
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
