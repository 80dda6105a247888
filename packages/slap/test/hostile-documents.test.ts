import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isSlapError, marshal, toPlain, unmarshal } from '../src/index.js';
import { corpus, mutated } from './documents.js';

const LEAST_DOCUMENTS = 300;
const MAX_SECONDS_MS = 1000;
const FUZZ_RUNS = Number(process.env['SLAP_FUZZ_RUNS'] ?? 20_000);

describe('hostile and odd documents', () => {
  test('there are enough of them, each with its own name', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(LEAST_DOCUMENTS);
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
  });

  test.each(corpus.map((entry) => [entry.isRefused ? 'refused' : 'accepted', entry.name, entry] as const))(
    '%s: %s',
    (_how, _name, entry) => {
      const start = performance.now();
      let outcome: unknown;
      try {
        outcome = unmarshal(entry.document);
        expect(entry.isRefused).toBe(false);
        toPlain(outcome as never);
      } catch (error) {
        if (!isSlapError(error, 'SLAP_INVALID_DOCUMENT')) throw error;
        expect(error.message.length).toBeLessThan(400);
        expect(entry.isRefused).toBe(true);
      }
      expect(performance.now() - start).toBeLessThan(MAX_SECONDS_MS);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );
});

test(`${String(FUZZ_RUNS)} changed documents end in a value or in the one typed error, in bounded memory`, {
  timeout: FUZZ_RUNS * 5 + 20_000,
}, () => {
  const small = corpus.filter(({ document }) => document.length < 2000);
  const change = fc.tuple(fc.nat(), fc.nat(), fc.nat());
  let peak = 0;
  const before = process.memoryUsage().rss;
  fc.assert(
    fc.property(fc.nat(small.length - 1), fc.array(change, { minLength: 1, maxLength: 6 }), (index, changes) => {
      const { document } = small[index]!;
      const text = typeof document === 'string' ? document : Buffer.from(document).toString('latin1');
      try {
        marshal(unmarshal(mutated(text, changes)));
      } catch (error) {
        if (!isSlapError(error)) throw error;
      }
      peak = Math.max(peak, process.memoryUsage.rss() - before);
    }),
    { numRuns: FUZZ_RUNS },
  );
  expect(peak).toBeLessThan(256 * 1024 * 1024);
});
