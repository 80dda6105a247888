import { CliError } from '../errors.js';

const MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const AGO = /^(\d{1,6})\s*([smhdw])$/u;
const DATE = /^\d{4}-\d{2}-\d{2}$/u;
const DATE_AND_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/u;

/**
 * An instant as people write it: `2h` (ago), `2026-11-22`, `2026-11-22 10:30`, with a zone or in UTC, as everything that was measured.
 * @param option the option that it is the value of, for the message
 * @param now milliseconds since 1970
 * @throws CliError `CLI_USAGE`
 */
export function readInstant(text: string, option: string, now: number): Date {
  const ago = AGO.exec(text);
  if (ago !== null) return new Date(now - Number(ago[1]) * (MILLISECONDS[ago[2] ?? ''] ?? 0));
  const written = DATE_AND_TIME.exec(text);
  const iso = DATE.test(text) ? `${text}T00:00:00Z` : written && `${written[1]}T${written[2]}${written[3] ?? 'Z'}`;
  const instant = new Date(iso ?? Number.NaN);
  if (!Number.isNaN(instant.getTime())) return instant;
  throw new CliError(
    'CLI_USAGE',
    `argument ${option}: '${text}' is no instant: expected a time ago such as 30m, 2h or 7d, or one such as 2026-11-22 or 2026-11-22T10:30`,
  );
}

/** As the database of measurements writes an instant: UTC, to the second. */
export function databaseText(instant: Date): string {
  return instant.toISOString().slice(0, 19).replace('T', ' ');
}
