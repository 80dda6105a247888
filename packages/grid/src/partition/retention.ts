import type { Logger, UntrustedDirectory } from '@slapos/host';

/** Days that a destroyed instance is kept, fixed when it is deployed first. (spec: grid 8.1) */
export const RETENTION_DELAY_FILE = '.slapos-retention-lock-delay';
const RETENTION_MODE = 0o644;
const NUMBER = /^\s*[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:e[+-]?\d{1,3})?\s*$/i;

/** A number as Python's `str(float)` writes it: `10` is `10.0`. */
export function floatText(value: number): string {
  return Number.isInteger(value) ? `${String(value)}.0` : String(value);
}

/** The number of days that a filter asks for: 0 when it asks for none, or for something that is no number. */
export function retentionDelayDays(filter: Readonly<Record<string, unknown>>, logger: Pick<Logger, 'warn'>): number {
  const value = filter['retention_delay'];
  if (value === undefined || value === null || value === '') return 0;
  const days =
    typeof value === 'number' ? value : typeof value === 'string' && NUMBER.test(value) ? Number(value) : Number.NaN;
  if (Number.isFinite(days)) return days;
  logger.warn('The filter retention_delay is not a number of days; it counts as 0', { value });
  return 0;
}

/** Writes the delay, unless one was written before: it never changes afterwards. (spec: grid 8.3) */
export async function keepRetentionDelay(
  folder: UntrustedDirectory,
  days: number,
  owner: { readonly uid?: number; readonly gid?: number },
): Promise<void> {
  if ((await folder.stat(RETENTION_DELAY_FILE))?.type === 'file') return;
  await folder.writeAtomic(RETENTION_DELAY_FILE, floatText(days), { mode: RETENTION_MODE, ...owner });
}

/** Seconds since the epoch before which a destroyed instance is not removed. (spec: grid 8.6) */
const RETENTION_DATE_FILE = '.slapos-retention-lock-date';
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
  const end = await retentionEnd(folder, nowMs);
  if (end === undefined) return true;
  if (!end.isFixed)
    await folder.writeAtomic(RETENTION_DATE_FILE, floatText(end.atSeconds), { mode: RETENTION_MODE, ...owner });
  return nowMs >= end.atSeconds * MILLISECONDS_PER_SECOND;
}

/** Until when a destroyed instance is kept; `undefined`: it need not be. */
export async function retentionEnd(
  folder: UntrustedDirectory,
  nowMs: number,
): Promise<{ readonly atSeconds: number; readonly isFixed: boolean } | undefined> {
  const fixed = await readNumber(folder, RETENTION_DATE_FILE);
  if (fixed !== undefined) return { atSeconds: fixed, isFixed: true };
  const delayDays = await readNumber(folder, RETENTION_DELAY_FILE);
  if (delayDays === undefined || delayDays <= 0) return undefined;
  return { atSeconds: nowMs / MILLISECONDS_PER_SECOND + delayDays * SECONDS_PER_DAY, isFixed: false };
}

/** A number in a small file; `undefined` when there is none, or something else. */
async function readNumber(folder: UntrustedDirectory, name: string): Promise<number | undefined> {
  if ((await folder.stat(name))?.type !== 'file') return undefined;
  const text = (await folder.readText(name, { maxBytes: MAX_BYTES }))?.trim() ?? '';
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
