/** Gives the time in milliseconds since 1970. */
export type Clock = () => number;

const MICROSECONDS_PER_SECOND = 1_000_000;
const MILLISECONDS_PER_SECOND = 1_000;

/**
 * Makes time stamps in seconds since 1970, on whole microseconds (spec: proxy §5.2). Nodes compare them to see what changed, so each is greater than
 * all before it, also when two come within a microsecond or the clock was put back.
 */
export class TimestampSource {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The present time, for what is only displayed. */
  now(): number {
    return this.#clock() / MILLISECONDS_PER_SECOND;
  }

  /** A new time stamp, also greater than the given ones that the changed things had. */
  next(...previous: readonly (number | null)[]): number {
    const present = Math.round(this.now() * MICROSECONDS_PER_SECOND);
    const floor = [this.#last, ...previous].map((time) => Math.round((time ?? 0) * MICROSECONDS_PER_SECOND) + 1);
    this.#last = Math.max(present, ...floor) / MICROSECONDS_PER_SECOND;
    return this.#last;
  }
}
