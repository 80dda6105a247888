import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { dictionaryHash } from './dictionary-hash.js';

test('is that of the sorted pairs as Python writes them', () => {
  const text = `[('B', None), ('a', "it's"), ('b', 1)]`;
  const expected = createHash('sha256').update(text).digest('hex');
  expect(dictionaryHash({ b: 1, a: "it's", B: null })).toBe(expected);
  expect(dictionaryHash(new Map(Object.entries({ a: "it's", B: null, b: 1 })))).toBe(expected);
  expect(dictionaryHash({})).toBe(createHash('sha256').update('[]').digest('hex'));
});
