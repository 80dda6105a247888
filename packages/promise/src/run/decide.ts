import type { PromiseSchedule } from '../results/cache-file.js';
import type { PromiseResult } from '../results/result-file.js';

/** Whether to test, or to look for anomalies. */
export type PromiseMode = 'test' | 'anomaly';

export type PromiseDecision =
  | { readonly kind: 'run' }
  /** Not meant for this mode: as if it were not there. */
  | { readonly kind: 'skip' }
  /** Its time has not come, but it failed the last time, and that still counts. */
  | { readonly kind: 'skip-failed'; readonly saved: PromiseResult };

export interface PromiseDecisionInput {
  readonly schedule: PromiseSchedule | undefined;
  /** What it said the last time. */
  readonly saved: PromiseResult | undefined;
  readonly mode: PromiseMode;
  readonly force: boolean;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: number;
}

const MS_PER_SECOND = 1000;

/** Whether a promise runs now. (spec: promise 3.3) */
export function decidePromise(input: PromiseDecisionInput): PromiseDecision {
  const { schedule, saved, mode, force, now } = input;
  if (schedule === undefined) return { kind: 'run' };
  if (!(mode === 'anomaly' ? schedule.isAnomalyDetected : schedule.isTested)) return { kind: 'skip' };
  // A clock that was set back would silence the promise: further away than its period, the next run is from another time.
  const pauseMs = schedule.nextRunAfter * MS_PER_SECOND - now;
  const isInThePause = pauseMs > 0 && pauseMs <= schedule.periodicityMinutes * 60 * MS_PER_SECOND;
  if (force || !isInThePause) return { kind: 'run' };
  return saved?.failed === true ? { kind: 'skip-failed', saved } : { kind: 'skip' };
}
