import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pythonLiteral } from './python-literal.js';

/** What Python 3.11's pprint prints for each value: recorded. */
const recordings = JSON.parse(
  readFileSync(new URL('../../test/fixtures/python-pprint.json', import.meta.url), 'utf8'),
) as { readonly value: unknown; readonly text: string }[];

it.each(recordings)('prints as Python does: $value', ({ value, text }) => {
  expect(pythonLiteral(value)).toBe(text);
});
