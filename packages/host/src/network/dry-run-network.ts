import { MemoryNetwork } from './memory-network.js';
import type {
  AddressFamily,
  Network,
  NetworkAddress,
  NetworkChange,
  NetworkLink,
  NetworkOutcome,
  NetworkRoute,
} from './network.js';

/** Starts from the real network, records the changes instead of making them, and answers as if they had been made. */
export class DryRunNetwork implements Network {
  readonly #real: Network;
  readonly #changes: NetworkChange[] = [];
  #copy: Promise<MemoryNetwork> | undefined;

  constructor(real: Network) {
    this.#real = real;
  }

  /** What would have been changed, in order; refused changes are not among it. */
  get changes(): readonly NetworkChange[] {
    return this.#changes;
  }

  async links(): Promise<NetworkLink[]> {
    return (await this.#network()).links();
  }

  async addresses(link?: string): Promise<NetworkAddress[]> {
    return (await this.#network()).addresses(link);
  }

  async routes(family: AddressFamily): Promise<NetworkRoute[]> {
    return (await this.#network()).routes(family);
  }

  async apply(changes: readonly NetworkChange[]): Promise<NetworkOutcome[]> {
    const outcomes = await (await this.#network()).apply(changes);
    for (const { change, failure } of outcomes) if (failure === undefined) this.#changes.push(change);
    return outcomes;
  }

  #network(): Promise<MemoryNetwork> {
    this.#copy ??= (async () => {
      const [links, addresses, routes4, routes6] = await Promise.all([
        this.#real.links(),
        this.#real.addresses(),
        this.#real.routes(4),
        this.#real.routes(6),
      ]);
      return new MemoryNetwork({ links, addresses, routes: [...routes4, ...routes6] });
    })();
    return this.#copy;
  }
}
