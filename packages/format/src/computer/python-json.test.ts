import { expect, it } from 'vitest';
import { renderSortedJson } from './python-json.js';

it('sorts keys at every depth, indents, and writes ASCII only', () => {
  expect(renderSortedJson({ b: [{ z: 1, a: 'é😀\u007f' }], a: {}, c: [] }, 4)).toBe(
    [
      '{',
      '    "a": {},',
      '    "b": [',
      '        {',
      '            "a": "\\u00e9\\ud83d\\ude00\u007f",',
      '            "z": 1',
      '        }',
      '    ],',
      '    "c": []',
      '}',
    ].join('\n'),
  );
});
