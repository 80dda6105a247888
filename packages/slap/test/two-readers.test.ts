import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isSlapError, marshal, unmarshal } from '../src/index.js';
import { readFast } from '../src/wire/fast-scanner.js';
import { DEFAULT_MARSHAL_LIMITS } from '../src/wire/value-rules.js';
import { marshalInput } from './arbitrary-values.js';
import { corpus, mutated } from './documents.js';

/** Both readers' opinion of a document: the value written again, or that it is refused. */
function opinion(document: string, parser: 'auto' | 'sax'): string {
  try {
    return marshal(unmarshal(document, { parser, allowCycles: true }));
  } catch (error) {
    if (isSlapError(error, 'SLAP_INVALID_DOCUMENT')) return `refused: ${error.message}`;
    throw error;
  }
}

describe('the fast scanner and the sax reader', () => {
  test('agree on every document that we write, and writing what was read gives the same bytes', () => {
    fc.assert(
      fc.property(marshalInput, (value) => {
        const document = marshal(value);
        expect(opinion(document, 'sax')).toBe(marshal(unmarshal(document)));
        // Equal keys of different types (1 and true) become one when they are read, so the second writing is compared.
        const again = opinion(document, 'auto');
        expect(opinion(again, 'auto')).toBe(again);
      }),
      { numRuns: 2000 },
    );
  });

  test('agree on documents with a few characters changed', () => {
    fc.assert(
      fc.property(
        marshalInput,
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }),
        (value, changes) => {
          const document = mutated(marshal(value), changes);
          expect(opinion(document, 'auto')).toBe(opinion(document, 'sax'));
        },
      ),
      { numRuns: 5000 },
    );
  });

  test.each(corpus.map((entry) => [entry.name, entry] as const))('agree on %s', (_name, { document }) => {
    if (typeof document === 'string') expect(opinion(document, 'auto')).toBe(opinion(document, 'sax'));
  });

  test('the fast scanner is really used for what peers write', () => {
    fc.assert(
      fc.property(marshalInput, (value) => {
        const document = marshal(value);
        const isUsual = !/[^\t\n\u0020-\u007f]|\]\]>/.test(document);
        const rules = { ...DEFAULT_MARSHAL_LIMITS, allowCycles: false };
        if (isUsual) expect(readFast(document, rules)).not.toBeUndefined();
      }),
    );
  });
});
