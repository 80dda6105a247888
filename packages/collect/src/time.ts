const DAY_MS = 86_400_000;
const DATE_LENGTH = 10;
const TIME_START = 11;
const TIME_END = 19;

/** When a run began, in UTC: all its rows have the same. (spec: collect §2) */
export interface Stamp {
  /** `YYYY-MM-DD` */
  readonly date: string;
  /** `HH:MM:SS` */
  readonly time: string;
}

export function stampOf(milliseconds: number): Stamp {
  const text = new Date(milliseconds).toISOString();
  return { date: text.slice(0, DATE_LENGTH), time: text.slice(TIME_START, TIME_END) };
}

/** The UTC date so many days before. */
export function dateBefore(milliseconds: number, days: number): string {
  return stampOf(milliseconds - days * DAY_MS).date;
}

/** The instant of a stamp, in milliseconds; NaN when it is none. */
export function instantOf({ date, time }: Stamp): number {
  return Date.parse(`${date}T${time}Z`);
}
