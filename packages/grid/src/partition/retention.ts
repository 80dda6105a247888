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
