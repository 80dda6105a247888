import { describe, expect, it } from 'vitest';

import { type FinishedRun, LONGEST_RETRY_MS, pauseAfter } from './schedule.js';

const MINUTE = 60_000;

function aRun(fields: Partial<FinishedRun> = {}): FinishedRun {
  return { outcome: 'success', startedAtMs: 1000, endedAtMs: 6000, offlineInARow: 0, ...fields };
}

describe('pauseAfter', () => {
  it.each([
    ['begins a period after the last beginning', aRun(), MINUTE, 0, 55_000],
    ['does not wait for a period that is over', aRun({ endedAtMs: 5 * MINUTE }), MINUTE, 0, 1000],
    ['keeps the period after a failure', aRun({ outcome: 'failure' }), MINUTE, 0, 55_000],
    ['keeps the period when promises fail', aRun({ outcome: 'promise-failure' }), MINUTE, 0, 55_000],
    ['tries soon when the lock was taken', aRun({ outcome: 'busy' }), 60 * MINUTE, 0, 10_000],
    ['tries no later than usual when the lock was taken', aRun({ outcome: 'busy' }), 2000, 0, 2000],
    [
      'comes back soon to a master that was lost, at the earliest',
      aRun({ outcome: 'offline', offlineInARow: 1 }),
      MINUTE,
      0,
      5000,
    ],
    [
      'comes back soon to a master that was lost, in the middle',
      aRun({ outcome: 'offline', offlineInARow: 1 }),
      MINUTE,
      0.5,
      7500,
    ],
    ['waits twice as long the second time', aRun({ outcome: 'offline', offlineInARow: 2 }), MINUTE, 0.5, 15_000],
    ['and so on', aRun({ outcome: 'offline', offlineInARow: 5 }), MINUTE, 0.5, 120_000],
    ['but not for ever', aRun({ outcome: 'offline', offlineInARow: 5000 }), MINUTE, 0.999_999_9, LONGEST_RETRY_MS],
  ])('%s', (_what, run, periodMs, random, expected) => {
    expect(pauseAfter(run, periodMs, random)).toBe(expected);
  });
});
