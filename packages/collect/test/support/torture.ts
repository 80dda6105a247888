import process from 'node:process';

/** Whether the full counts of the reliability goals were asked for (`npm run torture`), and not the short form. */
const isTorture = process.env['SLAPOS_TORTURE'] === '1';

/** The count for the short form, or the full one. */
export function rounds(short: number, full: number): number {
  return isTorture ? full : short;
}

/** Generous: the full counts take minutes. */
export const TORTURE_TIMEOUT_MS = isTorture ? 3_600_000 : 120_000;
