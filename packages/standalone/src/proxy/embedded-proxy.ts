import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { writeFileAtomically } from '@slapos/host';
import { createProxy, type Proxy, type ProxyOptions, type SeedComputer } from '@slapos/proxy';
import { type PartitionInformation, SlapClient, type SoftwareReleaseInformation } from '@slapos/slap';
import { StandaloneError } from '../errors.js';
import { PlayedNode } from './played-node.js';

const DEFAULT_COMPUTER = 'local';
const DEFAULT_PARTITIONS = 10;
const DEFAULT_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
const STATE_INDENT = 2;

/** How an embedded proxy is made. Everything has a default. */
export interface EmbeddedProxyOptions extends Omit<ProxyOptions, 'computerId'> {
  /** Computers with their partitions, formatted at once; the first gets the requests that name none. Default: `local` with 10. */
  readonly computers?: Readonly<Record<string, number | SeedComputer>> | undefined;
  /** Default: a free port of `127.0.0.1`. */
  readonly listen?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /** A file that {@link EmbeddedProxy.save} wrote: the proxy starts with what that one had. `computers` are added. */
  readonly from?: string | undefined;
}

/** What one computer of a proxy is asked to have. */
export interface ComputerState {
  readonly computerId: string;
  readonly softwareReleases: readonly SoftwareReleaseInformation[];
  /** Those that are in use. */
  readonly instances: readonly PartitionInformation[];
  /** Ids of those that are not. */
  readonly freePartitions: readonly string[];
}

/** A mini-master inside of the program, for tests of what talks to a master: no files, no supervisor, milliseconds. */
export class EmbeddedProxy implements AsyncDisposable {
  readonly url: string;
  /** A client of it, closed with it; `client.hateoas()` and `client.jsonRpc()` give the other two interfaces. */
  readonly client: SlapClient;
  /** The mini-master itself: faults, snapshots, `fetch` without a port. */
  readonly proxy: Proxy;
  readonly computerIds: readonly string[];

  /** @internal Made by {@link startEmbeddedProxy}. */
  constructor(proxy: Proxy, url: string, computerIds: readonly string[]) {
    this.proxy = proxy;
    this.url = url;
    this.computerIds = computerIds;
    this.client = new SlapClient({ masterUrl: url, masterRestUrl: new URL('hateoas', url).href });
  }

  /** Plays a computer that does what it is asked, without a machine. Default: the first computer. */
  node(computerId = this.#first()): PlayedNode {
    return new PlayedNode(this.client, computerId);
  }

  /** What a computer is asked to have now. Default: the first computer. */
  async state(computerId = this.#first()): Promise<ComputerState> {
    const { softwareReleases, partitions } = await this.client.registerComputer(computerId).fetchInformation();
    const isBusy = (partition: PartitionInformation) => partition.softwareReleaseUrl !== undefined;
    return {
      computerId,
      softwareReleases,
      instances: partitions.filter(isBusy),
      freePartitions: partitions.filter((partition) => !isBusy(partition)).map(({ partitionId }) => partitionId),
    };
  }

  /**
   * Waits until the state fits, and gives it.
   * @throws StandaloneError `STANDALONE_TIMED_OUT` with the last state; the signal's reason.
   */
  async until(
    fits: (state: ComputerState) => boolean,
    options: {
      readonly computerId?: string | undefined;
      /** Default 10,000. */
      readonly timeoutMs?: number | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<ComputerState> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      const state = await this.state(options.computerId);
      if (fits(state)) return state;
      if (performance.now() >= deadline) {
        const shown = JSON.stringify(state, null, STATE_INDENT);
        throw new StandaloneError('STANDALONE_TIMED_OUT', `Waited ${timeoutMs} ms in vain; last seen:\n${shown}`);
      }
      await pause(POLL_MS, undefined, { signal });
    }
  }

  /** Keeps all that it knows in a file: an SQLite database in the layout of the Python proxy. */
  async save(file: string): Promise<void> {
    await writeFileAtomically(file, await this.proxy.snapshot());
  }

  /** Ends it. Idempotent. */
  async close(): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.proxy.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #first(): string {
    return this.computerIds[0] ?? DEFAULT_COMPUTER;
  }
}

/**
 * Starts a mini-master inside of the program. Several may live side by side.
 * @throws ProxyError
 */
export async function startEmbeddedProxy(options: EmbeddedProxyOptions = {}): Promise<EmbeddedProxy> {
  const { computers, listen = {}, from, ...others } = options;
  const wanted = computers ?? (from === undefined ? { [DEFAULT_COMPUTER]: DEFAULT_PARTITIONS } : {});
  const computerIds = Object.keys(wanted);
  const proxy = await createProxy({ ...others, computerId: computerIds[0] ?? DEFAULT_COMPUTER });
  try {
    if (from !== undefined) await proxy.restore(await readFile(from));
    const seeds = Object.entries(wanted).map(([id, seed]) => [
      id,
      typeof seed === 'number' ? { partitions: seed } : seed,
    ]);
    await proxy.seed({ computers: Object.fromEntries(seeds) as Record<string, SeedComputer> });
    const { url } = await proxy.listen({ host: listen.host ?? '127.0.0.1', port: listen.port ?? 0 });
    return new EmbeddedProxy(proxy, url, computerIds);
  } catch (error) {
    await proxy.close();
    throw error;
  }
}
