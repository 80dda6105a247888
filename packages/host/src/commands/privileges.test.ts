import { expect, test } from 'vitest';

import { whyNotDropped } from './privileges.js';

const user = { uid: 901, gid: 902, name: 'slappart0', home: '/' };
const DROPPED: Readonly<Record<string, string>> = {
  Uid: '901\t901\t901\t901',
  Gid: '902\t902\t902\t902',
  Groups: '902 950 ',
  CapInh: '0000000000000000',
  CapPrm: '0000000000000000',
  CapEff: '0000000000000000',
  CapBnd: '0000000000000000',
  CapAmb: '0000000000000000',
  NoNewPrivs: '1',
};
const status = (change: Readonly<Record<string, string>> = {}): string =>
  Object.entries({ Name: 'cat', ...DROPPED, ...change })
    .map(([name, value]) => `${name}:\t${value}`)
    .join('\n');

test('a process that is the user and nothing else', () => {
  expect(whyNotDropped(status(), user)).toBeUndefined();
  expect(whyNotDropped(status(), { ...user, groups: [950, 902] })).toBeUndefined();
});

test.each([
  ['real uid', { Uid: '0\t901\t901\t901' }],
  ['effective uid', { Uid: '901\t0\t901\t901' }],
  ['saved uid', { Uid: '901\t901\t0\t901' }],
  ['file system uid', { Uid: '901\t901\t901\t0' }],
  ['saved gid', { Gid: '902\t902\t0\t902' }],
  ['group of root', { Groups: '0 902' }],
  ['inheritable capability', { CapInh: '0000000000000001' }],
  ['permitted capability', { CapPrm: '000001ffffffffff' }],
  ['effective capability', { CapEff: '0000000000000080' }],
  ['bounding set', { CapBnd: '0000000000000001' }],
  ['ambient capability', { CapAmb: '0000000000000001' }],
  ['new privileges', { NoNewPrivs: '0' }],
])('a process that kept something of root: %s', (_, change) => {
  expect(whyNotDropped(status(change), user)).toBeDefined();
});

test('a process with other groups than those asked for', () => {
  expect(whyNotDropped(status(), { ...user, groups: [902] })).toContain('groups');
  expect(whyNotDropped(status(), { ...user, groups: [902, 950, 960] })).toContain('groups');
});

test('a status that says nothing proves nothing', () => {
  expect(whyNotDropped('', user)).toBeDefined();
});
