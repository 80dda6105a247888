/** A network interface. */
export interface NetworkLink {
  readonly name: string;
  /** Whether it is switched on; it may still be without a carrier. */
  readonly isUp: boolean;
  /** `tap`, `tun`, `bridge`, `veth`…; `undefined` for a physical one and for what the kernel does not name. */
  readonly kind: string | undefined;
  /** Who may open a tap or tun; `undefined` for others, and for one that root keeps to itself. */
  readonly ownerUid: number | undefined;
  /** The link-layer address, or `undefined`. */
  readonly hardwareAddress: string | undefined;
}

export type AddressFamily = 4 | 6;

/** An address of an interface. */
export interface NetworkAddress {
  readonly link: string;
  readonly family: AddressFamily;
  /** Canonical text (RFC 5952 for IPv6). */
  readonly address: string;
  readonly prefixLength: number;
  /** `global`, `link`, `host`… */
  readonly scope: string;
  /** Duplicate detection still goes on. */
  readonly isTentative: boolean;
  /** Duplicate detection found another machine with this address. */
  readonly isDuplicate: boolean;
}

/** A route of the kernel. */
export interface NetworkRoute {
  readonly family: AddressFamily;
  /** `default`, or a canonical address with its prefix length, `/32` and `/128` included. */
  readonly destination: string;
  readonly link: string | undefined;
  readonly via: string | undefined;
  /** `main`, `local`… */
  readonly table: string;
  /** `unicast`, `local`, `broadcast`… */
  readonly type: string;
}

/** What can be changed, by name. */
export interface NetworkChanges {
  addAddress: {
    readonly link: string;
    readonly address: string;
    readonly prefixLength: number;
    readonly noPrefixRoute?: boolean;
  };
  removeAddress: { readonly link: string; readonly address: string; readonly prefixLength: number };
  /** `isLocal`: packets to the whole destination are for this machine. */
  addRoute: { readonly destination: string; readonly link: string; readonly via?: string; readonly isLocal?: boolean };
  removeRoute: {
    readonly destination: string;
    readonly link: string;
    readonly via?: string;
    readonly isLocal?: boolean;
  };
  addTunnel: { readonly name: string; readonly mode: 'tap' | 'tun'; readonly ownerUid: number };
  removeTunnel: { readonly name: string; readonly mode: 'tap' | 'tun' };
  setLinkUp: { readonly link: string };
}

/** One change of the network. */
export type NetworkChange = {
  [Kind in keyof NetworkChanges]: { readonly kind: Kind } & NetworkChanges[Kind];
}[keyof NetworkChanges];

/** What became of a change. */
export interface NetworkOutcome {
  readonly change: NetworkChange;
  /** What the kernel said against it; `undefined` when it was done. */
  readonly failure: string | undefined;
}

/** Interfaces, addresses and routes of the machine. */
export interface Network {
  links(): Promise<NetworkLink[]>;
  /** Of all interfaces, or of one; none when there is no such interface. */
  addresses(link?: string): Promise<NetworkAddress[]>;
  /** Of all tables. */
  routes(family: AddressFamily): Promise<NetworkRoute[]>;
  /**
   * Makes changes in order, in one go; one that the kernel refuses (because it is so already, for instance) does not keep
   * the next from being made.
   * @throws HostError `HOST_INVALID_ARGUMENT` before anything is done, `HOST_NETWORK_FAILED` when no answer can be had.
   */
  apply(changes: readonly NetworkChange[]): Promise<NetworkOutcome[]>;
}
