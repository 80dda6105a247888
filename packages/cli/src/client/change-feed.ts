import { setTimeout as delay } from 'node:timers/promises';
import type { CommandLog } from '../output/log.js';
import type { EventClient, EventQuery } from './event-stream.js';

/** Changes come in groups: who asks again after each of them would ask too often. */
const GATHER_MS = 100;

/** Tells that something happened that a query names. */
export interface ChangeFeed extends AsyncDisposable {
  /** False when the master no longer tells. */
  readonly isOpen: boolean;
  /** Resolves when something happened since the last call, or after so long. @throws what aborts `signal` */
  next(longestMs: number, signal: AbortSignal): Promise<void>;
}

/**
 * Follows the changes that a query names from now on.
 * @returns `undefined` when the master keeps no log of events, will not show it, or never wrote about this: then it is asked again and again
 */
export async function openChangeFeed(
  client: EventClient,
  query: EventQuery,
  logger: CommandLog,
  signal: AbortSignal,
): Promise<ChangeFeed | undefined> {
  try {
    const { events, newest } = await client.page(0, 1, query, signal);
    // What is requested through this master from another one leaves no trace here.
    return events.length === 0 ? undefined : new Following(client.follow.bind(client, newest, query), logger, signal);
  } catch (error) {
    signal.throwIfAborted();
    logger.debug(`The master tells no events: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

class Following implements ChangeFeed {
  readonly #end = new AbortController();
  readonly #reading: Promise<void>;
  #isOpen = true;
  #hasChanged = false;
  #wake = new AbortController();

  constructor(follow: (signal: AbortSignal) => AsyncIterable<unknown>, logger: CommandLog, signal: AbortSignal) {
    this.#reading = this.#read(follow(AbortSignal.any([signal, this.#end.signal])), logger);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async next(longestMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasChanged) {
      await delay(longestMs, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(
        () => undefined,
      );
      signal.throwIfAborted();
    }
    if (this.#hasChanged) await delay(GATHER_MS, undefined, { signal });
    this.#hasChanged = false;
    this.#wake = new AbortController();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#reading;
  }

  async #read(events: AsyncIterable<unknown>, logger: CommandLog): Promise<void> {
    try {
      for await (const _event of events) {
        this.#hasChanged = true;
        this.#wake.abort();
      }
    } catch (error) {
      logger.debug(`The master no longer tells events: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#isOpen = false;
    this.#wake.abort();
  }
}
