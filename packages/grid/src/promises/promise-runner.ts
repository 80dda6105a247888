import type { UserIdentity } from '@slapos/host';

/** How promises are run and judged, beyond what the original does; all of it is off by default. */
export interface PromiseRules {
  /** How many promises of a partition at a time. Default 1. */
  readonly jobs?: number;
  /** Keep history and statistics, as nodes up to 1.21 did. Default false. */
  readonly history?: boolean;
  /** After how many failed runs in a row an executable of a deployed partition counts as failed. Default 3. */
  readonly failuresInARow?: number;
  /** It also counts as failed when it changed so often between good and bad in its last so many runs. Default: never. */
  readonly flapping?: { readonly changes: number; readonly runs: number };
}

/** The promises of one partition, and how to run them. (spec: grid 9.1) */
export interface PromiseRunRequest {
  readonly partitionPath: string;
  readonly partitionId: string;
  readonly computerId: string;
  readonly masterUrl: string;
  /** Who runs them; `undefined`: we ourselves. */
  readonly user: UserIdentity | undefined;
  /** For one promise. */
  readonly timeoutSeconds: number;
  /** Ignore each promise's own periodicity. */
  readonly force: boolean;
  /** Look for anomalies rather than test. */
  readonly checkAnomaly: boolean;
  /** The Python of the Software Release, for plug-ins. */
  readonly pythonInterpreter?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
  readonly rules?: PromiseRules;
  /** Hears how many are run, before the first of them is. */
  readonly onStart?: (count: number) => void;
  /** Hears what each said, as soon as it has. */
  readonly onResult?: (result: PromiseRunResult) => void;
}

/** What one promise said. */
export interface PromiseRunResult {
  readonly name: string;
  readonly failed: boolean;
  readonly message: string;
  readonly executionSeconds: number;
}

/** What a pass has to know of a run. */
export interface PromiseOutcome {
  /** The first promise that failed, in the order of running; absent when all passed. */
  readonly firstFailure?: { readonly name: string; readonly message: string } | undefined;
  /** Those that ran, in order. */
  readonly results?: readonly PromiseRunResult[];
}

/** Runs the promises of a partition. A promise that fails is a result; only what keeps them from being run is an error. */
export interface PromiseRunner {
  run(request: PromiseRunRequest, signal?: AbortSignal): Promise<PromiseOutcome>;
}
