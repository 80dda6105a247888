import type { Clock } from './clock.js';

/** The real time, but nobody waits: sleeps are recorded, and then as much time has passed as they asked for. */
export class DryRunClock implements Clock {
  readonly #real: Clock;
  readonly #sleeps: number[] = [];
  #skipped = 0;

  constructor(real: Clock) {
    this.#real = real;
  }

  /** What would have been waited, in milliseconds, in order. */
  get sleeps(): readonly number[] {
    return this.#sleeps;
  }

  now(): number {
    return this.#real.now() + this.#skipped;
  }

  monotonic(): number {
    return this.#real.monotonic() + this.#skipped;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#sleeps.push(milliseconds);
    this.#skipped += milliseconds;
  }
}
