import { setTimeout as delay } from 'node:timers/promises';

import { ProxyError } from '../errors.js';
import type { ProxyStore, StoreReader } from '../store/proxy-store.js';
import type { EventFilter, EventRecord } from '../store/records.js';

/** Connections that carry nothing are closed by what stands between. */
const HEARTBEAT_MS = 15_000;
const BATCH_SIZE = 200;
/** How long a database that cannot be asked is left alone. */
const RETRY_MS = 500;

/** What a follower of the log gets. */
export type FeedItem =
  | { readonly type: 'events'; readonly events: readonly EventRecord[] }
  /** Nothing happened for a while. */
  | { readonly type: 'idle' }
  /** Events after the one that was named are no longer kept, or never were in this database. */
  | { readonly type: 'lost'; readonly resumesAfter: number };

interface Found {
  readonly events: readonly EventRecord[];
  readonly range: Awaited<ReturnType<StoreReader['eventRange']>>;
}

/** Lets any number of followers wait for what happens next (spec: proxy §14). */
export class EventFeed implements Disposable {
  readonly #store: ProxyStore;
  /** Those who look for what is new, or wait for it. */
  readonly #waiters = new Set<() => void>();
  #subscription: Disposable | undefined;
  #isClosed = false;
  #followers = 0;

  constructor(store: ProxyStore) {
    this.#store = store;
  }

  /**
   * The events after one, and then those that happen, until the feed or the follower ends.
   * @param after id of the last event that is known; `undefined` means only new ones
   */
  async *follow(after: number | undefined, filter: EventFilter): AsyncGenerator<FeedItem, void, undefined> {
    this.#followers += 1;
    this.#subscription ??= this.#store.onChange(() => this.#wakeAll());
    try {
      yield* this.#items(after, filter);
    } finally {
      this.#followers -= 1;
      if (this.#followers === 0) this.#unsubscribe();
    }
  }

  /** How many follow at present. */
  get followers(): number {
    return this.#followers;
  }

  async *#items(after: number | undefined, filter: EventFilter): AsyncGenerator<FeedItem, void, undefined> {
    let cursor = after;
    while (!this.#isClosed) {
      // It begins to wait before it reads: what happens in between is not missed.
      using change = this.#nextChange();
      const from = cursor;
      const found = await this.#look(from, filter);
      if (found === undefined) {
        await delay(RETRY_MS);
        yield { type: 'idle' };
        continue;
      }
      const { events, range } = found;
      const [oldest, newest] = [range?.oldest ?? 1, range?.newest ?? 0];
      if (cursor !== undefined && (cursor > newest || cursor < oldest - 1)) {
        cursor = cursor > newest ? newest : oldest - 1;
        yield { type: 'lost', resumesAfter: cursor };
        continue;
      }
      // What did not fit the filter is not looked at again.
      cursor = events.length === BATCH_SIZE ? (events.at(-1)?.id ?? newest) : newest;
      if (events.length > 0) yield { type: 'events', events };
      else if ((await change.orIdle()) === 'idle') yield { type: 'idle' };
    }
  }

  /** `undefined` when the database cannot be asked at present. */
  async #look(after: number | undefined, filter: EventFilter): Promise<Found | undefined> {
    try {
      return await this.#store.read(async (reader) => ({
        events: after === undefined ? [] : await reader.eventsAfter(after, BATCH_SIZE, filter),
        range: await reader.eventRange(),
      }));
    } catch (error) {
      if (error instanceof ProxyError && error.retryable) return undefined;
      throw error;
    }
  }

  /** Ends all followers. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#wakeAll();
  }

  /** The next change from now on. */
  #nextChange(): Disposable & { orIdle(): Promise<'changed' | 'idle'> } {
    let isChanged = false;
    let tell: () => void = () => undefined;
    let heartbeat: NodeJS.Timeout | undefined;
    const wake = () => {
      isChanged = true;
      tell();
    };
    this.#waiters.add(wake);
    return {
      orIdle: () => {
        if (isChanged || this.#isClosed) return Promise.resolve('changed');
        return new Promise((resolve) => {
          tell = () => resolve('changed');
          heartbeat = setTimeout(() => resolve('idle'), HEARTBEAT_MS);
        });
      },
      [Symbol.dispose]: () => {
        clearTimeout(heartbeat);
        this.#waiters.delete(wake);
      },
    };
  }

  #unsubscribe(): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}
