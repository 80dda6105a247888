const BITS = 128;
const GROUPS = 8;

/** The mask of an IPv6 prefix in address form: 64 gives `ffff:ffff:ffff:ffff::`. */
export function netmaskOfPrefix(prefixLength: number): string {
  const ones = (1n << BigInt(prefixLength)) - 1n;
  return formatIpv6(ones << BigInt(BITS - prefixLength));
}

/** The network of `address` with that prefix length, canonical: `2001:db8::7`, 64 gives `2001:db8::/64`. */
export function networkOf(address: string, prefixLength: number): string {
  const mask = ((1n << BigInt(prefixLength)) - 1n) << BigInt(BITS - prefixLength);
  return `${formatIpv6(parseIpv6(address) & mask)}/${prefixLength}`;
}

/** The number behind an IPv6 literal that is known to be valid (`net.isIPv6`), without zone. */
export function parseIpv6(address: string): bigint {
  const [head = '', tail] = embedIpv4(address).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}

function embedIpv4(address: string): string {
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (!match) return address;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(2).map(Number);
  return `${match[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** The canonical text of an IPv6 address (RFC 5952): lower case, the longest run of zero groups, the first of equals, as `::`. */
export function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    Number((value >> BigInt(16 * (GROUPS - 1 - index))) & 0xffffn),
  );
  let best = { start: 0, length: 0 };
  for (let start = 0; start < GROUPS; start += 1) {
    let end = start;
    while (end < GROUPS && groups[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

/** How many bits of an IPv6 mask in address form are ones: `ffff:ffff::` gives 32. */
export function ipv6PrefixLength(netmask: string): number {
  let zeros = 0;
  for (let mask = parseIpv6(netmask); zeros < BITS && (mask & 1n) === 0n; mask >>= 1n) zeros += 1;
  return BITS - zeros;
}
