import type { Host, Logger, UserIdentity } from '@slapos/host';

import type { EvaluationRule } from '../evaluation/evaluate.js';
import type { PromiseResult } from '../results/result-file.js';

/** For one promise. */
export const DEFAULT_PROMISE_TIMEOUT_SECONDS = 20;

export interface RunPromisesOptions {
  readonly partitionPath: string;
  readonly partitionId: string;
  readonly computerId: string;
  /** Who runs them. Needed when we are root; otherwise we ourselves do. */
  readonly user?: UserIdentity;
  /** For one promise. Default 20. */
  readonly timeoutSeconds?: number;
  /** Run also those whose time has not come. */
  readonly force: boolean;
  /** Look for anomalies rather than test. */
  readonly checkAnomaly: boolean;
  /** File names of plug-ins; the others, and all executables, are left out. Default, and when empty: all. */
  readonly onlyPromises?: readonly string[];
  /** The Python of the instance's software, for plug-ins. Default: the first `python3` of the trusted PATH. */
  readonly pythonInterpreter?: string;
  /** For plug-ins. */
  readonly masterUrl?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Do not bang. Results are written all the same. Default false. */
  readonly dryRun?: boolean;
  /** How many promises run at a time. The order of the results does not depend on it. Default 1. */
  readonly parallel?: number;
  /** Let plug-ins log at DEBUG. Default false. */
  readonly debug?: boolean;
  /**
   * Keep history and statistics as nodes up to 1.21 did. Default false: like later ones, remove them. (spec: promise 5.3)
   */
  readonly history?: boolean;
  /**
   * When executables have failed. Default: in test mode when the last run failed, in anomaly mode when the last three did.
   */
  readonly executableRules?: { readonly test?: EvaluationRule; readonly anomaly?: EvaluationRule };
  /** Hears how many are run, before the first of them is. It must not throw. */
  readonly onStart?: (count: number) => void;
  /** Hears what each said, as soon as it has. It must not throw. */
  readonly onResult?: (result: PromiseResult) => void;
  readonly signal?: AbortSignal;
}

export interface RunPromisesPorts {
  readonly host: Pick<Host, 'commands' | 'clock' | 'isRoot'>;
  readonly logger: Logger;
  /** Asks the master to have the whole instance processed again. Default: nobody is asked. */
  readonly bang?: (message: string) => Promise<void>;
}

/** What a pass over the promises of a partition found. */
export interface PromiseReport {
  /** Of the promises that ran, in order. */
  readonly results: readonly PromiseResult[];
  /** How many did not run because it was not their time or their mode. */
  readonly skipped: number;
  /** The first promise that failed, now or, if skipped, the last time it ran. */
  readonly firstFailure: { readonly name: string; readonly message: string } | undefined;
}
