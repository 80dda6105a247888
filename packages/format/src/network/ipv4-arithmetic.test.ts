import { describe, expect, it } from 'vitest';
import {
  formatIpv4,
  ipv4PrefixLength,
  netmaskOfIpv4,
  parseIpv4,
  readIpv4Network,
  tunNetwork,
} from './ipv4-arithmetic.js';

describe('networks of tuns', () => {
  it.each([
    [1, ['172.16.0.0'], '255.240.0.0'],
    [2, ['172.16.0.0', '172.24.0.0'], '255.248.0.0'],
    [3, ['172.16.0.0', '172.20.0.0', '172.24.0.0'], '255.252.0.0'],
    [10, ['172.16.0.0', '172.17.0.0', '172.18.0.0'], '255.255.0.0'],
    [20, ['172.16.0.0', '172.16.128.0'], '255.255.128.0'],
    [256, ['172.16.0.0', '172.16.16.0'], '255.255.240.0'],
  ])('%i partitions', (amount, firsts, netmask) => {
    const networks = firsts.map((_, index) => tunNetwork(index, amount, []));
    expect(networks.map((network) => network && formatIpv4(network.first))).toEqual(firsts);
    expect(networks.map((network) => network && netmaskOfIpv4(network.prefixLength))).toEqual(
      firsts.map(() => netmask),
    );
  });

  it('a third one does not get the address of a stored one', () => {
    const taken = ['172.16.0.0', '172.24.0.0'].map((first) => ({
      first: parseIpv4(first),
      prefixLength: 13,
      address: parseIpv4(first) + 1,
    }));
    const third = tunNetwork(2, 3, taken);
    expect(third && formatIpv4(third.first)).toBe('172.28.0.0');
  });
});

describe('readIpv4Network', () => {
  it('reads what it writes', () => {
    expect(readIpv4Network('10.0.3.4/16', 'k')).toEqual({ first: parseIpv4('10.0.0.0'), prefixLength: 16 });
    expect([0, 12, 32].map((length) => ipv4PrefixLength(netmaskOfIpv4(length)))).toEqual([0, 12, 32]);
  });

  it.each(['', '10.0.0.0', '10.0.0.0/33', '::/3', '10.0.0/8'])('refuses %j', (text) => {
    expect(() => readIpv4Network(text, 'ipv4_local_network')).toThrow(/ipv4_local_network .*expected NETWORK\/LENGTH/);
  });
});
