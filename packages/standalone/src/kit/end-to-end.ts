import { setTimeout as pause } from 'node:timers/promises';
import { deserialiseParameters, type InstanceInformation, type InstanceRequest, type SlapClient } from '@slapos/slap';
import { StandaloneError } from '../errors.js';
import { type Fetch, isPrivateMonitorReady, readMonitorFeed } from './monitoring.js';

const MINUTE_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 80 * MINUTE_MS;
const DEFAULT_POLL_MS = MINUTE_MS;

/** What the last messages of an instance say: nothing yet, all well, all failing, some failing. */
export type InstanceStatus = 'none' | 'green' | 'red' | 'orange';

/** How something is waited for. */
export interface UntilOptions {
  /** Default 80 minutes. */
  readonly timeoutMs?: number | undefined;
  /** Between two looks. Default a minute. */
  readonly pollMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Requests to a real master that are taken back at the end (spec: standalone §6.5). The client is not closed; it needs `masterRestUrl`, or
 * a master that tells it.
 */
export class EndToEnd implements AsyncDisposable {
  readonly #client: SlapClient;
  readonly #fetch: Fetch;
  readonly #requests = new Map<string, InstanceRequest>();
  readonly #supplies: { softwareReleaseUrl: string; computerId: string }[] = [];

  constructor(client: SlapClient, options: { readonly fetch?: Fetch | undefined } = {}) {
    this.#client = client;
    this.#fetch = options.fetch ?? fetch;
  }

  /** Requests an instance; gives what it has published, the JSON in `_` read; `{}` while it is not ready. */
  async request(request: InstanceRequest): Promise<Record<string, unknown>> {
    this.#requests.set(request.partitionReference, request);
    const answer = await this.#client.registerOpenOrder().request(request);
    if (!answer.isReady) return {};
    const published = await answer.getConnectionParameterDict();
    return Object.keys(published).join() === '_' ? deserialiseParameters(published, 'json-in-xml') : { ...published };
  }

  /** Supplies a computer with a release. */
  async supply(softwareReleaseUrl: string, computerId: string): Promise<void> {
    this.#supplies.push({ softwareReleaseUrl, computerId });
    await this.#client.registerSupply().supply({ softwareReleaseUrl, computerId });
  }

  /** What the master's documents say of an instance of the user. */
  information(title: string): Promise<InstanceInformation> {
    return this.#client.registerOpenOrder().getInformation(title);
  }

  /** Whether all is well with an instance and those that it requested. */
  async status(title: string): Promise<InstanceStatus> {
    return statusOf((await this.information(title)).news);
  }

  /** Waits until all is well with an instance. @throws StandaloneError `STANDALONE_TIMED_OUT` with the last messages */
  async untilGreen(title: string, options: UntilOptions = {}): Promise<void> {
    await until(`${title} to be green`, options, async () => {
      const { news } = await this.information(title);
      return { done: statusOf(news) === 'green', seen: news };
    });
  }

  /** Waits until an instance has published a parameter, and gives it. @throws StandaloneError `STANDALONE_TIMED_OUT` */
  async untilPublished(request: InstanceRequest, name: string, options: UntilOptions = {}): Promise<unknown> {
    let published: Record<string, unknown> = {};
    await until(`${request.partitionReference} to publish ${name}`, options, async () => {
      published = await this.request(request);
      return { done: Object.hasOwn(published, name), seen: published };
    });
    return published[name];
  }

  /** Waits until the monitor that an instance publishes (`monitor-base-url`) serves its feed. @throws StandaloneError `STANDALONE_TIMED_OUT` */
  async untilMonitorReady(request: InstanceRequest, options: UntilOptions = {}): Promise<void> {
    await this.#untilMonitor(request, 'the monitor', options, async (base) => {
      const states = await readMonitorFeed(base, this.#fetch);
      return { done: true, seen: Object.fromEntries(states) };
    });
  }

  /** Waits until its private pages let in who has the password of `monitor-setup-url`. @throws StandaloneError `STANDALONE_TIMED_OUT` */
  async untilPrivateMonitorReady(request: InstanceRequest, options: UntilOptions = {}): Promise<void> {
    await this.#untilMonitor(request, 'the private monitor', options, async (base, setup) => {
      const done = await isPrivateMonitorReady(base, setup, this.#fetch);
      return { done, seen: done ? 'open' : 'closed' };
    });
  }

  /** Waits until the monitor says this of a promise. @throws StandaloneError `STANDALONE_TIMED_OUT` with what it says of all */
  async untilPromise(
    request: InstanceRequest,
    promise: string,
    expected: 'OK' | 'ERROR',
    options: UntilOptions = {},
  ): Promise<void> {
    await this.#untilMonitor(request, `${promise} to be ${expected}`, options, async (base) => {
      const states = await readMonitorFeed(base, this.#fetch);
      return { done: states.get(promise) === expected, seen: Object.fromEntries(states) };
    });
  }

  /** A monitor that cannot be reached yet is looked at again. */
  async #untilMonitor(
    request: InstanceRequest,
    what: string,
    options: UntilOptions,
    look: (monitorBaseUrl: string, monitorSetupUrl: string) => Promise<{ done: boolean; seen: unknown }>,
  ): Promise<void> {
    await until(`${request.partitionReference}: ${what}`, options, async () => {
      const published = await this.request(request);
      const base = published['monitor-base-url'];
      if (typeof base !== 'string') return { done: false, seen: published };
      const setup = published['monitor-setup-url'];
      try {
        return await look(base, typeof setup === 'string' ? setup : '');
      } catch (error) {
        return { done: false, seen: error instanceof Error ? error.message : error };
      }
    });
  }

  /** Destroys all that was requested and supplied. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const request of this.#requests.values()) {
      await this.#client.registerOpenOrder().request({ ...request, state: 'destroyed' });
    }
    for (const supply of this.#supplies) await this.#client.registerSupply().supply({ ...supply, state: 'destroyed' });
  }
}

/** The status that messages add up to: each begins with `#access` or `#error`. */
function statusOf(news: unknown): InstanceStatus {
  const texts = Array.isArray(news) ? (news as unknown[]).map(textOf) : [];
  const bad = texts.filter((text) => text.startsWith('#error')).length;
  const good = texts.filter((text) => text.startsWith('#access')).length;
  if (bad === 0) return good === 0 ? 'none' : 'green';
  return good === 0 ? 'red' : 'orange';
}

function textOf(item: unknown): string {
  const text = typeof item === 'object' && item !== null ? (item as { text?: unknown }).text : item;
  return typeof text === 'string' ? text : '';
}

async function until(
  what: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS, pollMs = DEFAULT_POLL_MS, signal }: UntilOptions,
  look: () => Promise<{ done: boolean; seen: unknown }>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const { done, seen } = await look();
    if (done) return;
    if (performance.now() >= deadline) {
      throw new StandaloneError(
        'STANDALONE_TIMED_OUT',
        `Waited ${timeoutMs} ms in vain for ${what}; last seen: ${JSON.stringify(seen)}`,
      );
    }
    await pause(pollMs, undefined, { signal });
  }
}
