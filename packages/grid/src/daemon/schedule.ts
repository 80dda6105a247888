/** What came of one run of a pass, as far as its schedule is concerned. */
export type ScheduledOutcome =
  | 'success'
  | 'failure'
  /** Only promises failed. */
  | 'promise-failure'
  /** The master could not be used. */
  | 'offline'
  /** Another process held the lock of the pass. */
  | 'busy';

/** When a pass has run, and how it went. */
export interface FinishedRun {
  readonly outcome: ScheduledOutcome;
  /** Milliseconds, monotonic. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** This one included. */
  readonly offlineInARow: number;
}

/** Of the first wait after the master was lost; the next ones are twice as long each. */
export const FIRST_RETRY_MS = 10_000;
/** Longer than this no pass waits for a master that may be back. */
export const LONGEST_RETRY_MS = 900_000;
/** How soon a pass is tried again that found its lock taken, if its period is not shorter. */
export const BUSY_RETRY_MS = 10_000;
/** Even a pass that takes longer than its period leaves the machine alone for a moment. */
export const SMALLEST_PAUSE_MS = 1000;

/**
 * How long to wait after a run until the next one. Pure.
 * Runs begin a period apart. When the master is lost all nodes of a cloud lose it at once: they come back at different
 * times, ever less often, so that it can get up again.
 * @param random from 0 (included) to 1 (not included)
 * @returns milliseconds from the end of the run
 */
export function pauseAfter(run: FinishedRun, periodMs: number, random: number): number {
  if (run.outcome === 'offline') {
    const longest = Math.min(FIRST_RETRY_MS * 2 ** (run.offlineInARow - 1), LONGEST_RETRY_MS);
    return Math.round(longest * (0.5 + random / 2));
  }
  if (run.outcome === 'busy') return Math.min(BUSY_RETRY_MS, periodMs);
  return Math.max(SMALLEST_PAUSE_MS, periodMs - (run.endedAtMs - run.startedAtMs));
}
