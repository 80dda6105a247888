import { expect, test } from 'vitest';

import { formatHumanSize, parseHumanSize } from './sizes.js';

test.each([
  ['0', 0n],
  ['1', 1n],
  ['100B', 100n],
  ['1k', 1024n],
  ['1K', 1024n],
  ['1 KB', 1024n],
  ['0.5kilo', 512n],
  ['2G', 2n * 1024n ** 3n],
  ['512 MB', 512n * 1024n ** 2n],
  ['1.5Gi', 1536n * 1024n ** 2n],
  ['3 byte', 3n],
  ['1 iotta', 1024n ** 8n],
  ['1yobi', 1024n ** 8n],
  ['1.9999B', 1n],
  ['1.', 1n],
])('%j is %d bytes', (text, bytes) => {
  expect(parseHumanSize(text)).toBe(bytes);
});

test.each(['', 'G', '-1', '1 kb', '1KiB', '1e3', '1,5G', '0x10', 'Infinity', '1 G B', '1'.repeat(100)])(
  '%j is an error',
  (text) => {
    expect(() => parseHumanSize(text)).toThrow(expect.objectContaining({ code: 'HOST_INVALID_SIZE' }));
  },
);

test.each([
  [0, '0.0 '],
  [1023, '1023.0 '],
  [1024, '1.0 KB'],
  [1_000_000_000, '953.7 MB'],
  [2n ** 80n, '1.0 YB'],
])('%d prints as %j', (bytes, text) => {
  expect(formatHumanSize(bytes)).toBe(text);
});
