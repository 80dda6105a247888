import type { PassProcessReport } from './pass-process.js';

/** Points of so many, spread over all of them. */
export function spreadPoints(total: number, wanted: number): number[] {
  const step = Math.max(1, total / wanted);
  return Array.from({ length: Math.min(total, wanted) }, (_, index) => Math.floor((index + 0.5) * step) + 1);
}

/** How often a log is written depends on the time, so the last point may lie behind the end of a quicker run. */
export function wasKilled(report: PassProcessReport | undefined, point: number): boolean {
  return report === undefined || report.count < point;
}
