import type { NetworkAddress, NetworkChange, NetworkChanges, NetworkLink, NetworkRoute } from '@slapos/host';

/** What the machine's network is like. */
export interface ObservedNetwork {
  readonly links: readonly NetworkLink[];
  readonly addresses: readonly NetworkAddress[];
  readonly routes: readonly NetworkRoute[];
  /** `net.ipv6.ip_nonlocal_bind`: whether programs may listen on addresses of a range that no interface has. */
  readonly mayBindNonlocal: boolean;
}

/** A change of the network; the owner of a tunnel is named, since it may have to be made first. */
export type PlannedChange =
  | Exclude<NetworkChange, { kind: 'addTunnel' }>
  | ({ readonly kind: 'addTunnel'; readonly ownerName: string } & Omit<NetworkChanges['addTunnel'], 'ownerUid'>)
  | { readonly kind: 'allowNonlocalBind' };

/** A change and why it is one. */
export interface NetworkStep {
  readonly change: PlannedChange;
  readonly reason: string;
}

/** How an address of an interface is named among those that the kernel refused. */
export function refusalKey(link: string, address: string): string {
  return `${link} ${address}`;
}

/** The observed network with the changes planned so far, by which the next are decided. Addresses and destinations are canonical. */
export class NetworkState {
  readonly steps: NetworkStep[] = [];
  readonly #links: Map<string, NetworkLink>;
  /** Interfaces and prefix lengths by address. */
  readonly #addresses = new Map<string, { link: string; prefixLength: number; isDuplicate: boolean }[]>();
  readonly #routes: Set<string>;
  readonly #refused: ReadonlySet<string>;

  constructor(observed: ObservedNetwork, refused: ReadonlySet<string>) {
    this.#links = new Map(observed.links.map((link) => [link.name, link]));
    for (const { address, ...entry } of observed.addresses) {
      this.#addresses.set(address, [...(this.#addresses.get(address) ?? []), entry]);
    }
    this.#routes = new Set(observed.routes.map((route) => routeKey(route)));
    this.#refused = refused;
  }

  link(name: string): NetworkLink | undefined {
    return this.#links.get(name);
  }

  /** Plans a change without looking whether it is needed. */
  plan(change: PlannedChange, reason: string): void {
    this.steps.push({ change, reason });
  }

  /** Whether the address can be had on that interface: no other interface has it, and it was not refused. */
  isAvailable(link: string, address: string): boolean {
    if (this.#refused.has(refusalKey(link, address))) return false;
    return (this.#addresses.get(address) ?? []).every((entry) => entry.link === link && !entry.isDuplicate);
  }

  /** The other interface that has the address. */
  otherHolder(link: string, address: string): string | undefined {
    return this.#addresses.get(address)?.find((entry) => entry.link !== link)?.link;
  }

  isOnMachine(address: string): boolean {
    return this.#addresses.has(address);
  }

  /** Puts an available address on an interface unless it is there. */
  putAddress(
    link: string,
    address: string,
    options: { readonly prefixLength: number; readonly noPrefixRoute?: boolean; readonly reason: string },
  ): void {
    const entries = this.#addresses.get(address) ?? [];
    if (entries.some((entry) => entry.link === link)) return;
    const { prefixLength, noPrefixRoute = false, reason } = options;
    this.#addresses.set(address, [...entries, { link, prefixLength, isDuplicate: false }]);
    this.plan({ kind: 'addAddress', link, address, prefixLength, ...(noPrefixRoute ? { noPrefixRoute } : {}) }, reason);
  }

  hasRoute(route: Omit<NetworkRoute, 'family'>): boolean {
    return this.#routes.has(routeKey(route));
  }

  /** Makes the route unless it is there. */
  putRoute(change: NetworkChanges['addRoute'], reason: string): void {
    const isLocal = change.isLocal === true;
    const route = {
      destination: change.destination,
      link: change.link,
      via: change.via,
      table: isLocal ? 'local' : 'main',
      type: isLocal ? 'local' : 'unicast',
    };
    if (this.hasRoute(route)) return;
    this.#routes.add(routeKey(route));
    this.plan({ kind: 'addRoute', ...change }, reason);
  }

  /** Makes a tap or tun that is switched on; one that is there keeps its owner. */
  putTunnel(name: string, mode: 'tap' | 'tun', ownerName: string): void {
    const link = this.#links.get(name);
    if (link === undefined) {
      this.plan({ kind: 'addTunnel', name, mode, ownerName }, 'not there');
      this.plan({ kind: 'setLinkUp', link: name }, 'new');
      this.#links.set(name, { name, isUp: true, kind: mode, ownerUid: undefined, hardwareAddress: undefined });
    } else if (!link.isUp) {
      // A run that was killed between the two commands leaves one that is off.
      this.plan({ kind: 'setLinkUp', link: name }, 'is off');
      this.#links.set(name, { ...link, isUp: true });
    }
  }
}

function routeKey({ destination, link, via, table, type }: Omit<NetworkRoute, 'family'>): string {
  return [type, table, destination, link, via].join(' ');
}
