import { expect, test } from 'vitest';

import { measureAll, median } from './measure.mjs';

test('the median of an even number of times lies between the two in the middle', () => {
  expect(median([1, 2, 3, 4])).toBe(2.5);
  expect(median([1, 2, 10])).toBe(2);
});

test('every repetition is counted, the runs that warm up are not, and what was prepared is disposed of', async () => {
  let runs = 0;
  let disposed = false;
  const [result] = await measureAll(
    {
      name: 'example',
      row: 'P0',
      description: '',
      packages: [],
      prepare: async () => ({
        cases: [
          { label: 'one', sizes: { items: 3 }, goalMs: 60_000, run: () => (runs += 1), figures: () => ({ rate: 7 }) },
        ],
        dispose: async () => {
          disposed = true;
        },
      }),
    },
    5,
  );
  expect(runs).toBe(7);
  expect(disposed).toBe(true);
  expect(result).toMatchObject({
    label: 'one',
    sizes: { items: 3 },
    repetitions: 5,
    goalReached: true,
    figures: { rate: 7 },
  });
  expect(result?.minMs).toBeLessThanOrEqual(result?.medianMs ?? Number.NaN);
});
