const BITS = 128;
const GROUPS = 8;
const GROUP_DIGITS = 4;
const DIGITS = GROUPS * GROUP_DIGITS;

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
  const before = hexOf(head);
  const after = tail === undefined ? '' : hexOf(tail);
  return BigInt(`0x${before}${'0'.repeat(DIGITS - before.length - after.length)}${after}`);
}

/** The digits of some groups, four for each. */
function hexOf(groups: string): string {
  if (groups === '') return '';
  let digits = '';
  for (const group of groups.split(':')) digits += group.padStart(GROUP_DIGITS, '0');
  return digits;
}

function embedIpv4(address: string): string {
  if (!address.includes('.')) return address;
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (!match) return address;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(2).map(Number);
  return `${match[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** The canonical text of an IPv6 address (RFC 5952): lower case, the longest run of zero groups, the first of equals, as `::`. */
export function formatIpv6(value: bigint): string {
  const digits = value.toString(16).padStart(DIGITS, '0');
  const hex: string[] = [];
  for (let start = 0; start < DIGITS; start += GROUP_DIGITS) {
    hex.push(Number.parseInt(digits.slice(start, start + GROUP_DIGITS), 16).toString(16));
  }
  let best = { start: 0, length: 0 };
  for (let start = 0; start < GROUPS; start += 1) {
    let end = start;
    while (end < GROUPS && hex[end] === '0') end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  if (best.length < 2) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

/** How many bits of an IPv6 mask in address form are ones: `ffff:ffff::` gives 32. */
export function ipv6PrefixLength(netmask: string): number {
  const mask = parseIpv6(netmask);
  if (mask === 0n) return 0;
  const lowestOne = mask & -mask;
  return BITS - (lowestOne.toString(2).length - 1);
}
