import { expect, test } from 'vitest';

import { TimestampSource } from './timestamps.js';

test.each([
  { name: 'a clock that runs', times: [1_000, 2_000.5], previous: [null, null], expected: [1, 2.0005] },
  { name: 'a clock that stands', times: [1_000, 1_000], previous: [null, null], expected: [1, 1.000001] },
  { name: 'a clock that was put back', times: [2_000, 1_000], previous: [null, null], expected: [2, 2.000001] },
  {
    name: 'something that was changed in the future',
    times: [1_000, 1_000],
    previous: [9, null],
    expected: [9.000001, 9.000002],
  },
])('$name', ({ times, previous, expected }) => {
  const rest = [...times];
  const timestamps = new TimestampSource(() => rest.shift()!);
  expect(previous.map((before) => timestamps.next(before))).toEqual(expected);
});
