import { setTimeout as delay } from 'node:timers/promises';

/** Time as the libraries see it, so that tests can own it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. Can jump. */
  now(): number;
  /** Milliseconds since some fixed instant. Never goes back. */
  monotonic(): number;
  /** Waits; rejects with the signal's reason when it is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    signal?.throwIfAborted();
    try {
      await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
