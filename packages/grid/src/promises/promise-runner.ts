import type { UserIdentity } from '@slapos/host';

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
}

/** What a pass has to know of a run. */
export interface PromiseOutcome {
  /** The first promise that failed, in the order of running; absent when all passed. */
  readonly firstFailure?: { readonly name: string; readonly message: string } | undefined;
  /** Those that ran, in order. */
  readonly results?: readonly {
    readonly name: string;
    readonly failed: boolean;
    readonly message: string;
    readonly executionSeconds: number;
  }[];
}

/** Runs the promises of a partition. A promise that fails is a result; only what keeps them from being run is an error. */
export interface PromiseRunner {
  run(request: PromiseRunRequest, signal?: AbortSignal): Promise<PromiseOutcome>;
}
