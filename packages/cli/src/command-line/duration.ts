import { CliError } from '../errors.js';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const MS_PER_SECOND = 1000;
const SECONDS_PER_MINUTE = 60;

/**
 * Reads a duration as people write it: `90s`, `15m`, `1h30m`; a bare number counts seconds.
 * @returns milliseconds
 * @throws CliError `CLI_USAGE` that names the option
 */
export function readDuration(option: string, text: string): number {
  const typed = text.trim().toLowerCase();
  if (/^\d+(?:\.\d+)?$/.test(typed)) return Number(typed) * MS_PER_SECOND;
  if (!WHOLE.test(typed)) {
    throw new CliError('CLI_USAGE', `argument --${option}: expected a duration, found ${JSON.stringify(text)}`, {
      hint: 'For instance 90s, 15m, 1h30m or 2d.',
    });
  }
  return [...typed.matchAll(PART)].reduce(
    (sum, [, number, unit = 's']) => sum + Number(number) * (UNITS_MS[unit] ?? 0),
    0,
  );
}

/** A duration for people: `42 s`, `1 m 12 s`. */
export function shownDuration(ms: number): string {
  const seconds = Math.floor(ms / MS_PER_SECOND);
  const minutes = Math.floor(seconds / SECONDS_PER_MINUTE);
  return minutes === 0 ? `${seconds} s` : `${minutes} m ${seconds % SECONDS_PER_MINUTE} s`;
}
