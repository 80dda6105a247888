import { describe, expect, it } from 'vitest';
import { formatIpv6, parseIpv6 } from '../computer/netmask.js';
import {
  isGlobalScope,
  lastAddress,
  networkAround,
  partitionAddress,
  partitionRange,
  type Ipv6Network,
} from './ipv6-arithmetic.js';

function base(text: string): Ipv6Network {
  const [address = '', length] = text.split('/');
  return networkAround(parseIpv6(address), Number(length));
}

function written(network: Ipv6Network | undefined): string | undefined {
  return network && `${formatIpv6(network.first)}/${network.prefixLength}`;
}

describe('addresses and ranges of partitions', () => {
  it.each([
    [
      '2001:db8:1::1/48',
      16,
      0,
      '2001:db8:1::2',
      '2001:db8:1:4001::/64',
      '2001:db8:1:8001:ffff:ffff:ffff:ffff',
      '2001:db8:1:c001::/64',
    ],
    [
      '2001:db8:1::1/48',
      16,
      99,
      '2001:db8:1::65',
      '2001:db8:1:4064::/64',
      '2001:db8:1:8064:ffff:ffff:ffff:ffff',
      '2001:db8:1:c064::/64',
    ],
    [
      '2001:db8:1:2:3:4:5:6/56',
      16,
      0,
      '2001:db8:1::2',
      '2001:db8:1:40:100::/72',
      '2001:db8:1:80:1ff:ffff:ffff:ffff',
      '2001:db8:1:c0:100::/72',
    ],
    [
      '2001:db8:1:2::1/64',
      16,
      0,
      '2001:db8:1:2::2',
      '2001:db8:1:2:4001::/80',
      '2001:db8:1:2:8001:ffff:ffff:ffff',
      '2001:db8:1:2:c001::/80',
    ],
    [
      '2001:db8:1:2::1/64',
      16,
      1,
      '2001:db8:1:2::3',
      '2001:db8:1:2:4002::/80',
      '2001:db8:1:2:8002:ffff:ffff:ffff',
      '2001:db8:1:2:c002::/80',
    ],
    [
      '2001:db8:1:2:3::1/80',
      16,
      0,
      '2001:db8:1:2:3::2',
      '2001:db8:1:2:3:4001::/96',
      '2001:db8:1:2:3:8001:ffff:ffff',
      '2001:db8:1:2:3:c001::/96',
    ],
    [
      '2001:db8:1:2:3::1/96',
      16,
      0,
      '2001:db8:1:2:3::2',
      '2001:db8:1:2:3:0:4001:0/112',
      '2001:db8:1:2:3:0:8001:ffff',
      '2001:db8:1:2:3:0:c001:0/112',
    ],
    [
      '2001:db8:1:2:3::1/111',
      16,
      0,
      '2001:db8:1:2:3::2',
      '2001:db8:1:2:3::8002/127',
      '2001:db8:1:2:3:0:1:3',
      '2001:db8:1:2:3:0:1:8002/127',
    ],
    ['2001:db8:1:2::1/112', 16, 0, '2001:db8:1:2::2', undefined, undefined, undefined],
    ['2001:db8::8/126', 16, 0, '2001:db8::a', undefined, undefined, undefined],
    ['2001:db8::8/126', 16, 1, '2001:db8::b', undefined, undefined, undefined],
    ['2001:db8::8/126', 16, 2, '2001:db8::a', undefined, undefined, undefined],
    [
      '2001:db8:1:2::1/64',
      8,
      0,
      '2001:db8:1:2::2',
      '2001:db8:1:2:4100::/72',
      '2001:db8:1:2:81ff:ffff:ffff:ffff',
      '2001:db8:1:2:c100::/72',
    ],
    [
      '2001:db8:1:2::1/64',
      4,
      0,
      '2001:db8:1:2::2',
      '2001:db8:1:2:5000::/68',
      '2001:db8:1:2:9fff:ffff:ffff:ffff',
      '2001:db8:1:2:d000::/68',
    ],
  ])('below %s with shift %i, partition %i', (network, shift, index, address, range, tap, tun) => {
    const below = base(network);
    expect(formatIpv6(partitionAddress(below, index))).toBe(address);
    expect(written(partitionRange(below, 'partition', shift, index))).toBe(range);
    const tapRange = partitionRange(below, 'tap', shift, index);
    expect(tapRange && formatIpv6(lastAddress(tapRange))).toBe(tap);
    expect(written(partitionRange(below, 'tun', shift, index))).toBe(tun);
  });

  it.each([
    ['2001:db8::1', true],
    ['fd00::1', true],
    ['fec0::1', true],
    ['fe80::1', false],
    ['::1', false],
    ['64:ff9b::1', false],
    ['100::1', false],
    ['ff02::1', false],
  ])('%s is global: %s', (address, expected) => {
    expect(isGlobalScope(parseIpv6(address))).toBe(expected);
  });
});
