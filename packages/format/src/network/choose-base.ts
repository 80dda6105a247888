import type { NetworkAddress } from '@slapos/host';
import type { Computer } from '../computer/computer.js';
import { formatIpv6, ipv6PrefixLength, netmaskOfPrefix, parseIpv6 } from '../computer/netmask.js';
import { FormatError } from '../errors.js';
import type { AddressChoice } from './address-pool.js';
import { isGlobalScope, isInNetwork, networkAround, type Ipv6Network } from './ipv6-arithmetic.js';
import type { ObservedNetwork } from './network-state.js';
import type { NetworkOptions } from './plan-network.js';

/** The IPv6 interface: its networks, and the address that is the computer's own. */
export interface Ipv6Base {
  readonly link: string;
  readonly own: { readonly address: string; readonly prefixLength: number; readonly netmask: string };
  /** Networks of the interface; the first is for everything new. */
  readonly networks: readonly Ipv6Network[];
}

interface Candidate extends Ipv6Network {
  readonly value: bigint;
}

/**
 * Which address of the interface is the computer's, and below which network new ones are made (spec: format §4.3).
 * The stored address wins while it is on the interface; else the largest network's lowest address that no partition has.
 * @throws FormatError `FORMAT_NO_INTERFACE`, `FORMAT_NO_IPV6`
 */
export function chooseBase(
  observed: ObservedNetwork,
  computer: Computer,
  options: NetworkOptions,
  { warn }: Pick<AddressChoice, 'warn'>,
): Ipv6Base {
  const link = options.ipv6Interface ?? options.interfaceName;
  for (const name of new Set([options.interfaceName, link])) {
    if (observed.links.some((each) => each.name === name)) continue;
    throw new FormatError('FORMAT_NO_INTERFACE', `There is no network interface ${name}`, {
      hint: `interface_name and ipv6_interface of [slapformat] name it. There are: ${observed.links.map((each) => each.name).join(', ')}.`,
    });
  }
  const candidates = observed.addresses.filter((each) => each.link === link && each.family === 6).flatMap(candidateOf);
  const ofPartitions = new Set(
    computer.partitions.flatMap(({ addresses }) =>
      addresses.filter(({ addr }) => addr.includes(':')).map(({ addr }) => parseIpv6(addr)),
    ),
  );
  const free = candidates.filter(({ value }) => !ofPartitions.has(value));
  const sorted = (free.length > 0 ? free : candidates).sort(
    (one, other) => one.prefixLength - other.prefixLength || compare(one.value, other.value),
  );
  const [first] = sorted;
  if (first === undefined) {
    throw new FormatError('FORMAT_NO_IPV6', `The network interface ${link} has no IPv6 address of global scope`, {
      hint: `Partitions get theirs below it: give the interface one (2000::/3, or fc00::/7 for a private network) first, as in: ip address add fd00:5a::1/64 dev ${link}`,
    });
  }
  const own = ownAddress(computer, sorted, first, warn);
  const networks = [first, ...sorted.slice(1), ...candidates];
  return { link, own: { ...own, netmask: netmaskOfPrefix(own.prefixLength) }, networks };
}

function ownAddress(
  computer: Computer,
  candidates: readonly Candidate[],
  first: Candidate,
  warn: AddressChoice['warn'],
): { address: string; prefixLength: number } {
  const written = ({ value, prefixLength }: Candidate): { address: string; prefixLength: number } => ({
    address: formatIpv6(value),
    prefixLength,
  });
  if (computer.address === null || computer.netmask === null || !computer.address.includes(':')) return written(first);
  const value = parseIpv6(computer.address);
  const kept = candidates.find((each) => each.value === value);
  if (kept !== undefined) return written(kept);
  const prefixLength = ipv6PrefixLength(computer.netmask);
  const around = candidates
    .filter((each) => isInNetwork(each, value))
    .sort((one, other) => compare(one.value, other.value));
  if (around.some((each) => each.prefixLength === prefixLength)) return { address: formatIpv6(value), prefixLength };
  const next = written(around[0] ?? first);
  warn('The address of the computer is on the interface no more: another is taken', {
    former: computer.address,
    address: next.address,
  });
  return next;
}

function candidateOf({ address, prefixLength, isDuplicate }: NetworkAddress): Candidate[] {
  const value = parseIpv6(address);
  return isGlobalScope(value) && !isDuplicate ? [{ value, ...networkAround(value, prefixLength) }] : [];
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other);
}
