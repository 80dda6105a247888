import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv6, netmaskOfPrefix, networkOf, parseIpv6 } from './netmask.js';

describe('netmaskOfPrefix', () => {
  it.each([
    [0, '::'],
    [64, 'ffff:ffff:ffff:ffff::'],
    [80, 'ffff:ffff:ffff:ffff:ffff::'],
    [113, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:8000'],
    [128, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%i is %s', (length, mask) => {
    expect(netmaskOfPrefix(length)).toBe(mask);
  });
});

describe('networkOf', () => {
  it.each([
    ['2001:db8:1:2:4005::7', 80, '2001:db8:1:2:4005::/80'],
    ['2001:DB8::ffff', 64, '2001:db8::/64'],
    ['::ffff:192.0.2.1', 128, '::ffff:c000:201/128'],
  ])('%s/%i is %s', (address, length, network) => {
    expect(networkOf(address, length)).toBe(network);
  });
});

describe('formatIpv6', () => {
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
  ])('writes %s as %s', (given, canonical) => {
    expect(formatIpv6(parseIpv6(given))).toBe(canonical);
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
        expect(parseIpv6(formatIpv6(value))).toBe(value);
      }),
    );
  });
});
