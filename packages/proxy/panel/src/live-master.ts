import type { EventDocument } from '../../src/events/event-text.js';
import type { PanelOverview, PanelViewer } from '../../src/panel/panel-documents.js';
import { CallError, fetchEvents, fetchOverview, keepToken } from './api.js';
import { followEvents } from './event-stream.js';

const KEPT_EVENTS = 200;
/** Events come in groups: what they changed is asked for once. */
const GATHER_MS = 60;
/** A large master is not asked all the time: a pause lasts several times what the answer took. */
const PAUSE_FACTOR = 4;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
const UNAUTHORIZED = 401;

/** What is known of the master now. */
export interface MasterState {
  readonly connection: 'connecting' | 'live' | 'lost';
  /** Absent until the first answer. */
  readonly overview?: PanelOverview;
  /** The newest first. */
  readonly events: readonly EventDocument[];
  /** Grows with every change that was seen. */
  readonly changes: number;
  /** The master wants to know who asks. */
  readonly needsToken: boolean;
  /** What went wrong last, in words. */
  readonly problem?: string;
}

/** Follows a master for as long as the page is open. */
export class LiveMaster {
  readonly #listeners = new Set<() => void>();
  #state: MasterState = { connection: 'connecting', events: [], changes: 0, needsToken: false };
  #abort = new AbortController();
  #refresh: ReturnType<typeof setTimeout> | undefined;
  #isRefreshing = false;
  #lastDurationMs = 0;

  get state(): MasterState {
    return this.#state;
  }

  /** Calls the listener after each change. @returns what ends it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins, or begins anew with another token. */
  start(token?: string): void {
    if (token !== undefined) keepToken(token);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#state = { connection: 'connecting', events: [], changes: this.#state.changes + 1, needsToken: false };
    this.#tell({});
    void this.#run(this.#abort.signal);
  }

  /** Asks again soon: something changed, or somebody just changed it. */
  refreshSoon(): void {
    if (this.#refresh !== undefined || this.#isRefreshing) return;
    const { signal } = this.#abort;
    this.#refresh = setTimeout(
      () => {
        this.#refresh = undefined;
        void this.#refreshNow(signal);
      },
      Math.max(GATHER_MS, this.#lastDurationMs * PAUSE_FACTOR),
    );
  }

  async #run(signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    let cursor: number | undefined;
    while (!signal.aborted) {
      let beginsAnew = false;
      try {
        cursor ??= await this.#begin(signal);
        for await (const item of followEvents(filterOf(this.#state.overview?.viewer), cursor, signal)) {
          if (isOver(signal)) return;
          retryMs = FIRST_RETRY_MS;
          if (item.type === 'event') {
            cursor = item.event.id;
            this.#add(item.event);
          } else if (item.type === 'lost') {
            cursor = undefined;
            beginsAnew = true;
            break;
          } else if (this.#state.connection !== 'live') {
            this.#tell({ connection: 'live', problem: undefined });
            // What changed while nobody listened, and is no event.
            this.refreshSoon();
          }
        }
      } catch (error) {
        if (isOver(signal)) return;
        if (error instanceof CallError && error.status === UNAUTHORIZED) {
          this.#tell({ connection: 'lost', needsToken: true, overview: undefined, events: [] });
          return;
        }
        this.#tell({ problem: error instanceof CallError ? error.message : 'The connection to the master broke.' });
      }
      if (beginsAnew) continue;
      this.#tell({ connection: 'lost' });
      await waitFor(retryMs, signal);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    }
  }

  async #begin(signal: AbortSignal): Promise<number> {
    const overview = await fetchOverview();
    const events = await fetchEvents(filterOf(overview.viewer), overview.lastEventId, KEPT_EVENTS);
    if (!signal.aborted) this.#tell({ overview, events: events.toReversed(), changes: this.#state.changes + 1 });
    return overview.lastEventId;
  }

  #add(event: EventDocument): void {
    this.#tell({ events: [event, ...this.#state.events].slice(0, KEPT_EVENTS) });
    this.refreshSoon();
  }

  async #refreshNow(signal: AbortSignal): Promise<void> {
    this.#isRefreshing = true;
    const newest = this.#state.events[0]?.id ?? 0;
    const startedAt = performance.now();
    try {
      const overview = await fetchOverview();
      this.#lastDurationMs = performance.now() - startedAt;
      if (!signal.aborted) this.#tell({ overview, changes: this.#state.changes + 1 });
    } catch {
      // The stream notices the same, and tries again.
    } finally {
      this.#isRefreshing = false;
    }
    if (!signal.aborted && (this.#state.events[0]?.id ?? 0) > newest) this.refreshSoon();
  }

  #tell(change: { readonly [Key in keyof MasterState]?: MasterState[Key] | undefined }): void {
    this.#state = { ...this.#state, ...change } as MasterState;
    for (const listener of this.#listeners) listener();
  }
}

function filterOf(viewer: PanelViewer | undefined): Readonly<Record<string, string>> {
  if (viewer?.role === 'computer') return { computer_id: viewer.computerId };
  if (viewer?.role === 'partition') return { tree: viewer.tree };
  return {};
}

/** It may have come meanwhile. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

function waitFor(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
