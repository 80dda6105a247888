const BITS = 128;
/** Below a machine's prefix 0 is no host, and 1 is the machine's own by custom. */
const RESERVED = 2;

/** An IPv6 network as numbers. */
export interface Ipv6Network {
  readonly first: bigint;
  readonly prefixLength: number;
}

/** What an IPv6 range is for; the number makes the two highest bits of its place below the machine's prefix (spec: format §4.2). */
export const RANGE_KINDS = { partition: 1n, tap: 2n, tun: 3n } as const;
export type RangeKind = keyof typeof RANGE_KINDS;

/** The network of that prefix length that `address` lies in. */
export function networkAround(address: bigint, prefixLength: number): Ipv6Network {
  const hostBits = BigInt(BITS - prefixLength);
  return { first: (address >> hostBits) << hostBits, prefixLength };
}

/** Whether `address` lies in `network`. */
export function isInNetwork(network: Ipv6Network, address: bigint): boolean {
  return networkAround(address, network.prefixLength).first === network.first;
}

/** The last address of a network. */
export function lastAddress({ first, prefixLength }: Ipv6Network): bigint {
  return first | ((1n << BigInt(BITS - prefixLength)) - 1n);
}

/** The address of the partition with that index, counted from 0; in small networks the numbers wrap (spec: format §4.2). */
export function partitionAddress(base: Ipv6Network, index: number): bigint {
  const hostBits = BITS - base.prefixLength;
  const room = 1n << BigInt(hostBits);
  const number = BigInt(index + RESERVED);
  if (number < room) return base.first | number;
  if (hostBits < 2) return base.first | (number & (room - 1n));
  return base.first | ((BigInt(index) % (room - BigInt(RESERVED))) + BigInt(RESERVED));
}

/**
 * The range of the partition with that index; `undefined` when the machine's prefix leaves no room for ranges (spec: format §4.2).
 * @param shift how many bits longer its prefix is than the machine's
 */
export function partitionRange(
  base: Ipv6Network,
  kind: RangeKind,
  shift: number,
  index: number,
): Ipv6Network | undefined {
  return rangeAt(base, shift, (RANGE_KINDS[kind] << BigInt(shift - 2)) + BigInt(index + 1));
}

/** The range with that number among the `2 ** shift` ranges of the base; `undefined` when there is no room for ranges. */
export function rangeAt(base: Ipv6Network, shift: number, number: bigint): Ipv6Network | undefined {
  const prefixLength = base.prefixLength + shift;
  if (prefixLength >= BITS) return undefined;
  return { first: base.first | (number << BigInt(BITS - prefixLength)), prefixLength };
}

/** Global scope as formatting understands it: unicast of 2000::/3, unique local and site-local addresses (spec: format §2.1). */
export function isGlobalScope(address: bigint): boolean {
  const inside = (first: bigint, prefixLength: number): boolean =>
    isInNetwork({ first: first << 112n, prefixLength }, address);
  return inside(0x2000n, 3) || inside(0xfc00n, 7) || inside(0xfec0n, 10);
}
