import { marshal, type MarshalInput } from '@slapos/slap';
import { expect, test } from 'vitest';

import { makeFragment, renderFragment } from './fragment.js';

const shared: MarshalInput = ['twice'];
const VALUES: readonly MarshalInput[] = [
  null,
  'text with <list id="i2"> in it, and id="i7" too',
  [],
  { a: [1, { b: [] }], c: new Set(['x']) },
  [shared, shared],
];

test.each(VALUES.map((value) => [marshal(value), value] as const))('%s', (_name, value) => {
  const fragment = makeFragment(value);
  expect(`<marshal>${renderFragment(fragment, 2)}</marshal>`).toBe(marshal(value));
});

test('fragments one after the other make the document of the list of them', () => {
  let next = 3;
  let text = '';
  for (const value of VALUES) {
    const fragment = makeFragment(value);
    text += renderFragment(fragment, next);
    next += fragment.idCount;
  }
  expect(`<marshal><list id="i2">${text}</list></marshal>`).toBe(marshal(VALUES));
});
