import { isIP, isIPv4, isIPv6 } from 'node:net';
import { StandaloneError } from '../errors.js';

const BITS = 128;
const GROUP_BITS = 16n;
const GROUPS = 8;
/** Below this prefix length there is room for a range of 16 more bits for each partition. */
const LONGEST_PREFIX_WITH_RANGES = 112;
const RANGE_BITS = 16;
/** The first number of a range among the 2^16: leaves the lower ones to others (spec: standalone §3). */
const FIRST_RANGE = 2 ** 14 + 1;
/** 0 is the network, 1 often the gateway. */
const RESERVED_HOSTS = 2;

/** The addresses of one partition. */
export interface PartitionAddresses {
  readonly ipv6: string;
  /** `NETWORK/LENGTH`; absent where there is no room. */
  readonly ipv6Range?: string;
}

/**
 * The IPv6 address, and range, of partition `index`, from an address or an address with a prefix length (spec: standalone §3).
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` when it is neither.
 */
export function partitionAddresses(ipv6: string, index: number): PartitionAddresses {
  const [address = '', length, ...rest] = ipv6.split('/');
  const prefix = length === undefined ? BITS : Number(length);
  const isPrefix = length === undefined || (/^\d{1,3}$/.test(length) && prefix >= 1 && prefix <= BITS);
  if (!isIPv6(address) || address.includes('%') || !isPrefix || rest.length > 0) {
    throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `Not an IPv6 address: ${JSON.stringify(ipv6)}`, {
      hint: 'Give an address such as ::1, or one with a prefix length such as fd00::/64.',
    });
  }
  if (length === undefined) return { ipv6: address };
  const hostBits = BigInt(BITS - prefix);
  const network = (parseIpv6(address) >> hostBits) << hostBits;
  if (prefix === BITS) return { ipv6: address };
  if (prefix < LONGEST_PREFIX_WITH_RANGES) {
    const rangeLength = prefix + RANGE_BITS;
    const range = network | (BigInt(FIRST_RANGE + index) << BigInt(BITS - rangeLength));
    return {
      ipv6: formatIpv6(network | BigInt(RESERVED_HOSTS + index)),
      ipv6Range: `${formatIpv6(range)}/${rangeLength}`,
    };
  }
  // A range that is too small for all gives some partitions the same address.
  const hosts = 1n << hostBits;
  const usable = hosts - BigInt(RESERVED_HOSTS);
  const host = usable > 0n ? (BigInt(index) % usable) + BigInt(RESERVED_HOSTS) : BigInt(index + RESERVED_HOSTS) % hosts;
  return { ipv6: formatIpv6(network | host) };
}

/**
 * Checks an IPv4 address.
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS`
 */
export function checkIpv4(ipv4: string): string {
  if (isIPv4(ipv4)) return ipv4;
  throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `Not an IPv4 address: ${JSON.stringify(ipv4)}`, {
    hint: 'Give one of this machine, such as 127.0.0.1.',
  });
}

/** Host and port as they stand in a URL: IPv6 gets its brackets. */
export function urlOf(host: string, port: number, scheme: 'http' | 'https' = 'http'): string {
  return `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function parseIpv6(address: string): bigint {
  // The URL parser gives the canonical form, also of one that ends in IPv4.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groupsOf = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const before = groupsOf(head);
  const after = groupsOf(tail);
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce(
    (sum, group) => (sum << GROUP_BITS) | BigInt(Number.parseInt(group, 16)),
    0n,
  );
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    ((value >> (GROUP_BITS * BigInt(GROUPS - 1 - index))) & 0xffffn).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
