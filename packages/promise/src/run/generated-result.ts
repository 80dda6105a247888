import type { PromiseResult } from '../results/result-file.js';
import type { PromiseMode } from './decide.js';

/** The verdict on a promise that said nothing itself. */
export type GeneratedResult = Pick<PromiseResult, 'type' | 'failed' | 'message'>;

/**
 * A promise that gave no result, or none in time, fails; but in anomaly mode the first time after a good result is forgiven.
 * (spec: promise 3.4)
 */
export function generateResult(message: string, mode: PromiseMode, saved: PromiseResult | undefined): GeneratedResult {
  if (mode === 'test') return { type: 'Test Result', failed: true, message };
  const failedBefore = saved !== undefined && (saved.failed || /error:/i.test(saved.message));
  return { type: 'Anomaly Result', failed: failedBefore, message };
}

export const NO_OUTPUT = 'Error: No output returned by the promise';

export function timedOutMessage(seconds: number): string {
  return `Error: Promise timed out after ${String(seconds)} seconds`;
}
