import { setTimeout as delay } from 'node:timers/promises';
import type { CommandLog } from '../output/log.js';
import { type ChangeFeed, openChangeFeed } from './change-feed.js';
import type { EventClient, EventQuery } from './event-stream.js';

const LONGEST_INTERVAL_MS = 30_000;
const GROWTH = 1.5;

/** What tells when to look again. */
export interface LookPaceOptions {
  readonly events: EventClient;
  readonly query: EventQuery;
  readonly firstIntervalMs: number;
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
}

/** When to look again at what is waited for: when the master tells of a change, or else after intervals that grow. */
export class LookPace implements AsyncDisposable {
  readonly #options: LookPaceOptions;
  #intervalMs: number;
  #feed: ChangeFeed | undefined;
  #isAsked = false;

  constructor(options: LookPaceOptions) {
    this.#options = options;
    this.#intervalMs = options.firstIntervalMs;
  }

  /** Resolves when it is time, at the latest after so long. @throws what aborts the signal */
  async pause(longestMs: number): Promise<void> {
    const { events, query, logger, signal } = this.#options;
    if (!this.#isAsked) {
      this.#isAsked = true;
      this.#feed = await openChangeFeed(events, query, logger, signal);
      // What changed before it was followed is seen at once.
      if (this.#feed !== undefined) return;
    }
    if (this.#feed?.isOpen === true) {
      await this.#feed.next(Math.min(LONGEST_INTERVAL_MS, longestMs), signal);
      return;
    }
    await delay(Math.max(0, Math.min(this.#intervalMs, longestMs)), undefined, { signal });
    this.#intervalMs = Math.min(this.#intervalMs * GROWTH, LONGEST_INTERVAL_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed?.[Symbol.asyncDispose]();
  }
}
