import type { Clock } from './clock.js';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  #sleepers: Sleeper[] = [];

  /** @param now milliseconds since 1970-01-01 UTC. Default: the beginning of 2024. */
  constructor(now = Date.UTC(2024, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** How many sleeps are waiting for `advance`. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Lets time pass, and ends the sleeps that are over by then. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    this.#elapsed += milliseconds;
    const over = this.#sleepers.filter((sleeper) => sleeper.until <= this.#elapsed);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.until > this.#elapsed);
    for (const sleeper of over.sort((left, right) => left.until - right.until)) sleeper.wake();
  }

  /** Sets the calendar, as an administrator or NTP does; `monotonic` and the sleeps do not notice. */
  jumpTo(now: number): void {
    this.#now = now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        // What an AbortSignal carries is what its owner gave it, an Error or not.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- see above
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        until: this.#elapsed + milliseconds,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
