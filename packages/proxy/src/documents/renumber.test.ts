import { marshal, type MarshalInput } from '@slapos/slap';
import { expect, test } from 'vitest';

import { contentOf, FIRST_ID, renumber } from './renumber.js';

const shared: MarshalInput = ['twice'];
const VALUES: readonly MarshalInput[] = [
  null,
  'text with <list id="i2"> in it, and id="i7" too',
  [],
  { a: [1, { b: [] }], c: new Set(['x']) },
  [shared, shared],
];

test('values one after the other make the document of the list of them', () => {
  let next = FIRST_ID + 1;
  let text = '';
  for (const value of VALUES) {
    const moved = renumber(contentOf(marshal(value)), FIRST_ID, next);
    text += moved.text;
    next = moved.nextId;
  }
  expect(`<marshal><list id="i2">${text}</list></marshal>`).toBe(marshal(VALUES));
});

test('there and back again', () => {
  for (const value of VALUES) {
    const text = contentOf(marshal(value));
    expect(renumber(renumber(text, FIRST_ID, 1_000).text, 1_000, FIRST_ID).text).toBe(text);
  }
});
