import { expect, test } from 'vitest';

import { partitionAddresses, urlOf } from './partition-addresses.js';

test.each<[string, number, string, string | undefined]>([
  ['::1', 0, '::1', undefined],
  ['::1', 7, '::1', undefined],
  ['fd00::/64', 0, 'fd00::2', 'fd00::4001:0:0:0/80'],
  ['fd00::/64', 5, 'fd00::7', 'fd00::4006:0:0:0/80'],
  ['fd00::9/111', 0, 'fd00::2', 'fd00::8002/127'],
  ['fd00::/112', 3, 'fd00::5', undefined],
  ['fd00::/126', 0, 'fd00::2', undefined],
  ['fd00::/126', 1, 'fd00::3', undefined],
  ['fd00::/126', 2, 'fd00::2', undefined],
  ['fd00::4/127', 0, 'fd00::4', undefined],
  ['fd00::4/127', 1, 'fd00::5', undefined],
  ['fd00::4/128', 3, 'fd00::4', undefined],
  ['::ffff:10.0.0.0/120', 1, '::ffff:a00:3', undefined],
])('%s gives partition %i %s', (given, index, ipv6, ipv6Range) => {
  expect(partitionAddresses(given, index)).toEqual(ipv6Range === undefined ? { ipv6 } : { ipv6, ipv6Range });
});

test.each(['', 'x', '127.0.0.1', 'fd00::/0', 'fd00::/129', 'fd00::/x', 'fd00::/64/64', 'fe80::1%eth0'])(
  '%j is refused',
  (given) => {
    expect(() => partitionAddresses(given, 0)).toThrow(/Not an IPv6 address/);
  },
);

test('an IPv6 address has brackets in a URL', () => {
  expect([urlOf('::1', 80), urlOf('127.0.0.1', 81), urlOf('localhost', 82)]).toEqual([
    'http://[::1]:80',
    'http://127.0.0.1:81',
    'http://localhost:82',
  ]);
});
