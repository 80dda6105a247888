import fc from 'fast-check';
import { expect, test } from 'vitest';

import { reindentJson } from './reindent-json.js';

test.each([
  [
    '{"b": 1, "a": [1.50, true, null, "é\\n"]}',
    '{\n  "a": [\n    1.5,\n    true,\n    null,\n    "\\u00e9\\n"\n  ],\n  "b": 1\n}',
  ],
  ['{}', '{}'],
  ['[]', '[]'],
  ['{"a": {}, "b": []}', '{\n  "a": {},\n  "b": []\n}'],
  ['"text"', '"text"'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['[1e3, 1.0, -0.5]', '[\n  1000.0,\n  1.0,\n  -0.5\n]'],
  ['{"a": 1, "a": 2}', '{\n  "a": 2\n}'],
  ['{"a,b": "[{:}]", "c\\"": "\\\\"}', '{\n  "a,b": "[{:}]",\n  "c\\"": "\\\\"\n}'],
])('%s', (text, expected) => {
  expect(reindentJson(text)).toBe(expected);
});

test.each(['', 'no', '{', '{"a": }', '[1,]'])('%j is not JSON', (text) => {
  expect(reindentJson(text)).toBeUndefined();
});

test('it says what it said before', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(reindentJson(JSON.stringify(value))!)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
