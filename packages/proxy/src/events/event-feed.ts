import type { ProxyStore } from '../store/proxy-store.js';
import type { EventFilter, EventRecord } from '../store/records.js';

/** How soon changes that another process made to the same database are noticed. */
const POLL_INTERVAL_MS = 300;
/** Connections that carry nothing are closed by what stands between. */
const HEARTBEAT_MS = 15_000;
const BATCH_SIZE = 200;

/** What a follower of the log gets. */
export type FeedItem =
  | { readonly type: 'events'; readonly events: readonly EventRecord[] }
  /** Nothing happened for a while. */
  | { readonly type: 'idle' }
  /** Events after the one that was named are no longer kept, or never were in this database. */
  | { readonly type: 'lost'; readonly resumesAfter: number };

interface Waiter {
  readonly seenVersion: number;
  readonly wake: () => void;
}

/** Lets any number of followers wait for what happens next (spec: proxy §14). */
export class EventFeed implements Disposable {
  readonly #store: ProxyStore;
  readonly #waiters = new Set<Waiter>();
  readonly #subscription: Disposable;
  #poll: NodeJS.Timeout | undefined;
  #isClosed = false;
  #followers = 0;

  constructor(store: ProxyStore) {
    this.#store = store;
    this.#subscription = store.onChange(() => this.#wakeAll());
  }

  /**
   * The events after one, and then those that happen, until the feed or the follower ends.
   * @param after id of the last event that is known; `undefined` means only new ones
   */
  async *follow(after: number | undefined, filter: EventFilter): AsyncGenerator<FeedItem, void, undefined> {
    this.#followers += 1;
    try {
      yield* this.#items(after, filter);
    } finally {
      this.#followers -= 1;
    }
  }

  /** How many follow at present. */
  get followers(): number {
    return this.#followers;
  }

  async *#items(after: number | undefined, filter: EventFilter): AsyncGenerator<FeedItem, void, undefined> {
    let cursor = after;
    while (!this.#isClosed) {
      const seenVersion = this.#store.version();
      const from = cursor;
      const { events, range } = await this.#store.read(async (reader) => ({
        events: from === undefined ? [] : await reader.eventsAfter(from, BATCH_SIZE, filter),
        range: await reader.eventRange(),
      }));
      const [oldest, newest] = [range?.oldest ?? 1, range?.newest ?? 0];
      if (cursor !== undefined && (cursor > newest || cursor < oldest - 1)) {
        cursor = cursor > newest ? newest : oldest - 1;
        yield { type: 'lost', resumesAfter: cursor };
        continue;
      }
      // What did not fit the filter is not looked at again.
      cursor = events.length === BATCH_SIZE ? (events.at(-1)?.id ?? newest) : newest;
      if (events.length > 0) yield { type: 'events', events };
      else if ((await this.#wait(seenVersion)) === 'idle') yield { type: 'idle' };
    }
  }

  /** Ends all followers. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#subscription[Symbol.dispose]();
    this.#wakeAll();
  }

  #wait(seenVersion: number): Promise<'changed' | 'idle'> {
    if (this.#isClosed || this.#store.version() !== seenVersion) return Promise.resolve('changed');
    return new Promise((resolve) => {
      const end = (outcome: 'changed' | 'idle') => {
        this.#waiters.delete(waiter);
        clearTimeout(heartbeat);
        this.#pollWhileNeeded();
        resolve(outcome);
      };
      const heartbeat = setTimeout(() => end('idle'), HEARTBEAT_MS);
      const waiter = { seenVersion, wake: () => end('changed') };
      this.#waiters.add(waiter);
      this.#pollWhileNeeded();
    });
  }

  #pollWhileNeeded(): void {
    if (this.#waiters.size === 0) {
      clearInterval(this.#poll);
      this.#poll = undefined;
      return;
    }
    this.#poll ??= setInterval(() => {
      const version = this.#store.version();
      for (const waiter of [...this.#waiters]) if (waiter.seenVersion !== version) waiter.wake();
    }, POLL_INTERVAL_MS);
  }

  #wakeAll(): void {
    for (const waiter of [...this.#waiters]) waiter.wake();
  }
}
