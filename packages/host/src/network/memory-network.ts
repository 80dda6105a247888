import { addressFamily, canonicalAddress, canonicalDestination } from './addresses.js';
import type {
  AddressFamily,
  Network,
  NetworkAddress,
  NetworkChange,
  NetworkChanges,
  NetworkLink,
  NetworkOutcome,
  NetworkRoute,
} from './network.js';
import { renderNetworkChange } from './render.js';

export interface MemoryNetworkOptions {
  /** Default: `lo`, up. */
  readonly links?: readonly NetworkLink[];
  readonly addresses?: readonly NetworkAddress[];
  readonly routes?: readonly NetworkRoute[];
}

const LOOPBACK: NetworkLink = {
  name: 'lo',
  isUp: true,
  kind: undefined,
  ownerUid: undefined,
  hardwareAddress: '00:00:00:00:00:00',
};

type Executors = { readonly [Kind in keyof NetworkChanges]: (change: NetworkChanges[Kind]) => string | undefined };

/** A network that exists in memory only. It does not make the routes that the kernel makes by itself. */
export class MemoryNetwork implements Network {
  #links: NetworkLink[];
  #addresses: NetworkAddress[];
  #routes: NetworkRoute[];

  constructor(options: MemoryNetworkOptions = {}) {
    this.#links = [...(options.links ?? [LOOPBACK])];
    this.#addresses = [...(options.addresses ?? [])];
    this.#routes = [...(options.routes ?? [])];
  }

  async links(): Promise<NetworkLink[]> {
    return [...this.#links];
  }

  async addresses(link?: string): Promise<NetworkAddress[]> {
    return this.#addresses.filter((address) => link === undefined || address.link === link);
  }

  async routes(family: AddressFamily): Promise<NetworkRoute[]> {
    return this.#routes.filter((route) => route.family === family);
  }

  async apply(changes: readonly NetworkChange[]): Promise<NetworkOutcome[]> {
    // Rendered only to refuse, before anything is done, what the real one would refuse.
    for (const change of changes) renderNetworkChange(change);
    return changes.map((change) => ({ change, failure: this.#execute(change) }));
  }

  #execute<Kind extends keyof NetworkChanges>(
    change: { readonly kind: Kind } & NetworkChanges[Kind],
  ): string | undefined {
    return this.#executors[change.kind](change);
  }

  readonly #executors: Executors = {
    addAddress: ({ link, address: text, prefixLength }) => {
      const address = canonicalAddress(text);
      if (this.#link(link) === undefined) return `Cannot find device "${link}"`;
      if (
        this.#addresses.some(
          (each) => each.link === link && each.address === address && each.prefixLength === prefixLength,
        )
      ) {
        return 'Error: Address already assigned.';
      }
      const added = { link, address, prefixLength, scope: 'global', isTentative: false, isDuplicate: false };
      this.#addresses.push({ ...added, family: addressFamily(address) });
      return undefined;
    },
    removeAddress: ({ link, address: text, prefixLength }) => {
      const address = canonicalAddress(text);
      const kept = this.#addresses.filter(
        (each) => each.link !== link || each.address !== address || each.prefixLength !== prefixLength,
      );
      if (kept.length === this.#addresses.length) return 'Error: Address not found.';
      this.#addresses = kept;
      return undefined;
    },
    addRoute: (change) => {
      const route = routeOf(change);
      const link = this.#link(change.link);
      if (link === undefined) return `Cannot find device "${change.link}"`;
      if (!link.isUp) return 'RTNETLINK answers: Network is down';
      if (this.#routes.some((each) => isSameRoute(each, route))) return 'RTNETLINK answers: File exists';
      this.#routes.push(route);
      return undefined;
    },
    removeRoute: (change) => {
      const route = routeOf(change);
      const kept = this.#routes.filter((each) => !isSameRoute(each, route));
      if (kept.length === this.#routes.length) return 'RTNETLINK answers: No such process';
      this.#routes = kept;
      return undefined;
    },
    addTunnel: ({ name, mode, ownerUid }) => {
      if (this.#link(name) !== undefined) return 'ioctl(TUNSETIFF): Device or resource busy';
      this.#links.push({ name, isUp: false, kind: mode, ownerUid, hardwareAddress: undefined });
      return undefined;
    },
    removeTunnel: ({ name, mode }) => {
      // The kernel makes a tunnel that does not exist, only to remove it: so it is never missed.
      if ((this.#link(name)?.kind ?? mode) !== mode) return 'ioctl(TUNSETIFF): Invalid argument';
      this.#links = this.#links.filter((link) => link.name !== name);
      this.#addresses = this.#addresses.filter((address) => address.link !== name);
      this.#routes = this.#routes.filter((route) => route.link !== name);
      return undefined;
    },
    setLinkUp: ({ link: name }) => {
      if (this.#link(name) === undefined) return `Cannot find device "${name}"`;
      this.#links = this.#links.map((link) => (link.name === name ? { ...link, isUp: true } : link));
      return undefined;
    },
  };

  #link(name: string): NetworkLink | undefined {
    return this.#links.find((link) => link.name === name);
  }
}

function routeOf(change: NetworkChanges['addRoute']): NetworkRoute {
  const destination = canonicalDestination(change.destination);
  const address = destination === 'default' ? change.via : destination.split('/')[0];
  const isLocal = change.isLocal === true;
  return {
    family: address === undefined ? 4 : addressFamily(address),
    destination,
    link: change.link,
    via: change.via,
    table: isLocal ? 'local' : 'main',
    type: isLocal ? 'local' : 'unicast',
  };
}

function isSameRoute(left: NetworkRoute, right: NetworkRoute): boolean {
  return (
    left.family === right.family &&
    left.destination === right.destination &&
    left.link === right.link &&
    left.via === right.via &&
    left.table === right.table
  );
}
