import { expect, test } from 'vitest';

import { isLike } from './patterns.js';

test.each([
  ['a', 'a', true],
  ['a', 'b', false],
  ['a/b/c', '*', true],
  ['p0/etc/x', '*/etc/*', true],
  ['p0/etc', '*/etc/*', false],
  ['etc/x', '*/etc/*', false],
  ['p0/.installed.cfg', '*/.*cfg', true],
  ['p0/x.cfg', '*/.*cfg', false],
  ['p0/a/b.cfg', '*/*cfg', true],
  ['aba', 'ab*ba', false],
  ['abba', 'ab*ba', true],
  ['x/parts/java-re-8/lib/a.so', '*/parts/java-re*/*', true],
  ['a+b', 'a.b', false],
])('%s like %s: %s', (path, pattern, expected) => {
  expect(isLike(path, pattern)).toBe(expected);
});
