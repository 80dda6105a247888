import ipaddr from 'ipaddr.js';

/** What `httpProxy` of the options allows. */
export interface HttpProxyRules {
  /** Hosts that may be asked for: `app.example`, `app.example:8443`, `*.example` (its subdomains), `*` (all). Addresses as they are. */
  readonly targets: readonly string[];
  /** Networks that may be reached although they are private: `10.0.0.0/8`, `fd00::/8`. */
  readonly privateNetworks: readonly string[];
}

/** Which servers the http proxy may ask, by their name and, once that is resolved, by their address. */
export class AllowedTargets {
  readonly #targets: readonly string[];
  readonly #networks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];

  constructor({ targets, privateNetworks }: HttpProxyRules) {
    this.#targets = targets.map((target) => target.toLowerCase());
    this.#networks = privateNetworks.map((network) => ipaddr.parseCIDR(network));
  }

  /** Whether a host may be asked for at a port. */
  allowsHost(host: string, port: number): boolean {
    const name = host.toLowerCase();
    return this.#targets.some(
      (target) =>
        target === '*' ||
        target === name ||
        target === `${name}:${port}` ||
        (target.startsWith('*.') && name.endsWith(target.slice(1))),
    );
  }

  /** Whether an address may be reached: one of the public Internet, or of a network that was named. */
  allowsAddress(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    // `::ffff:10.0.0.1` is 10.0.0.1.
    const address = ipaddr.process(text);
    return (
      address.range() === 'unicast' ||
      this.#networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
    );
  }
}

/** Whether a text is a network that {@link HttpProxyRules} can name. */
export function isNetwork(text: string): boolean {
  return ipaddr.isValidCIDR(text);
}
