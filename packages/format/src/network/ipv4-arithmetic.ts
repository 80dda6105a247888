import { isIPv4 } from 'node:net';
import { FormatError } from '../errors.js';

const BITS = 32;
const TUN_FIRST = 0xac100000;
const TUN_PREFIX_LENGTH = 12;

/** An IPv4 network as numbers. */
export interface Ipv4Network {
  readonly first: number;
  readonly prefixLength: number;
}

/** The number behind a valid IPv4 address. */
export function parseIpv4(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** `10.0.0.1` for 0x0a000001. */
export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/** The mask in address form: 16 gives `255.255.0.0`. */
export function netmaskOfIpv4(prefixLength: number): string {
  return formatIpv4(maskOf(prefixLength));
}

/** How many bits of a mask in address form are ones: `255.255.0.0` gives 16. */
export function ipv4PrefixLength(netmask: string): number {
  return BITS - Math.log2(2 ** BITS - parseIpv4(netmask));
}

/** How many addresses a network has, its own and the broadcast address included. */
export function ipv4Size({ prefixLength }: Ipv4Network): number {
  return 2 ** (BITS - prefixLength);
}

/** The network of that prefix length around an address. */
export function ipv4NetworkAround(address: number, prefixLength: number): Ipv4Network {
  return { first: (address & maskOf(prefixLength)) >>> 0, prefixLength };
}

/** Whether the address lies in the network. */
export function isInIpv4Network(network: Ipv4Network, address: number): boolean {
  return ipv4NetworkAround(address, network.prefixLength).first === network.first;
}

/**
 * Reads `10.0.0.0/16`.
 * @throws FormatError `FORMAT_OPTIONS` that names the key
 */
export function readIpv4Network(text: string, key: string): Ipv4Network {
  const [address = '', length = '', ...rest] = text.split('/');
  const prefixLength = Number(length);
  if (rest.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(length) || prefixLength > BITS) {
    throw new FormatError(
      'FORMAT_OPTIONS',
      `${key} is ${JSON.stringify(text)}: expected NETWORK/LENGTH, such as 10.0.0.0/16`,
    );
  }
  return ipv4NetworkAround(parseIpv4(address), prefixLength);
}

/**
 * The network of a partition's tun: 172.16.0.0/12 is cut in as many equal parts as the next power of two (spec: format §4.6).
 * Parts that overlap a network of `taken` are passed over; when all do, one that holds the address of none of them, since the longer prefix
 * wins; `undefined` when there is none of those either.
 */
export function tunNetwork(
  index: number,
  amount: number,
  taken: readonly (Ipv4Network & { address: number })[],
): Ipv4Network | undefined {
  const prefixLength = TUN_PREFIX_LENGTH + Math.ceil(Math.log2(Math.max(amount, 1)));
  if (prefixLength >= BITS) return undefined;
  const size = 2 ** (BITS - prefixLength);
  const parts = Array.from({ length: 2 ** (prefixLength - TUN_PREFIX_LENGTH) }, (_, part) => part);
  const inOrder = [...parts.slice(index), ...parts.slice(0, index)];
  const networks = inOrder.map((part) => ({ first: TUN_FIRST + part * size, prefixLength }));
  const overlaps = (one: Ipv4Network, other: Ipv4Network): boolean =>
    one.prefixLength < other.prefixLength ? isInIpv4Network(one, other.first) : isInIpv4Network(other, one.first);
  return (
    networks.find((network) => !taken.some((other) => overlaps(network, other))) ??
    networks.find((network) => !taken.some((other) => isInIpv4Network(network, other.address)))
  );
}

function maskOf(prefixLength: number): number {
  return (2 ** BITS - 2 ** (BITS - prefixLength)) >>> 0;
}
