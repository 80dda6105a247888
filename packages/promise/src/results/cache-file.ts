import { z } from 'zod';

import { PythonFloat, writePythonJson } from './python-json.js';

const SECONDS_PER_MINUTE = 60;
const MS_PER_SECOND = 1000;

/** When a promise runs again, and in which modes. (spec: promise 5.2) */
export interface PromiseSchedule {
  readonly isTested: boolean;
  readonly isAnomalyDetected: boolean;
  readonly periodicityMinutes: number;
  /** Seconds since 1970-01-01 UTC. */
  readonly nextRunAfter: number;
  /** A file that exists as long as the schedule counts. */
  readonly moduleFile: string;
}

const schema = z.object({
  is_tested: z.boolean(),
  is_anomaly_detected: z.boolean(),
  periodicity: z.number(),
  next_run_after: z.number(),
  module_file: z.string(),
});

/** The content of the cache file of a promise that starts now. */
export function writeSchedule(options: {
  readonly isTested: boolean;
  readonly isAnomalyDetected: boolean;
  readonly periodicityMinutes: number;
  readonly moduleFile: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly moduleModifiedMs: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: number;
  /** Whether it does anything in the mode in which it is run. */
  readonly willRun: boolean;
}): string {
  const timestamp = options.now / MS_PER_SECOND;
  const pause = options.willRun ? options.periodicityMinutes * SECONDS_PER_MINUTE : 0;
  return writePythonJson({
    is_tested: options.isTested,
    is_anomaly_detected: options.isAnomalyDetected,
    periodicity: options.periodicityMinutes,
    next_run_after: new PythonFloat(timestamp + pause),
    timestamp: new PythonFloat(timestamp),
    module_file: options.moduleFile,
    module_file_mtime: new PythonFloat(options.moduleModifiedMs / MS_PER_SECOND),
  });
}

/** Reads a cache file; `undefined` when it is not one. */
export function readSchedule(text: string): PromiseSchedule | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const checked = schema.safeParse(parsed);
  if (!checked.success) return undefined;
  const { data } = checked;
  return {
    isTested: data.is_tested,
    isAnomalyDetected: data.is_anomaly_detected,
    periodicityMinutes: data.periodicity,
    nextRunAfter: data.next_run_after,
    moduleFile: data.module_file,
  };
}
