import { SlapOSError, type SlapOSErrorOptions } from '@slapos/host';

/**
 * Codes of this package. `STANDALONE_INVALID_OPTIONS`: options or arguments that make no sense. `STANDALONE_ROOT`: root did not say as which
 * user the instances are to run. `STANDALONE_PATH_TOO_DEEP`: see {@link PathTooDeepError}. `STANDALONE_IN_USE`: another object controls
 * the folder. `STANDALONE_NOT_RUNNING`: the node is stopped. `STANDALONE_BUSY_PARTITION`: a partition that is in use would be removed.
 * `STANDALONE_FORMAT_FAILED`: the master could not be told. `STANDALONE_SOFTWARE_FAILED`, `STANDALONE_INSTANCE_FAILED`,
 * `STANDALONE_REPORT_FAILED`: see {@link PassFailedError}. `STANDALONE_NOT_READY`: the master is still making an instance.
 * `STANDALONE_TIMED_OUT`: what was waited for did not come. `STANDALONE_STILL_RUNNING`: processes survived a stop. `STANDALONE_NO_PORT`:
 * no port is free. `STANDALONE_UNSOUND_SOFTWARE`: the check of a release found something. `STANDALONE_LEAKED`: a test left something behind.
 * `STANDALONE_NO_BILL`: nothing says what a release is made of. `STANDALONE_BILL_REFUSED`: a server did not take a bill of materials.
 * `STANDALONE_COMMAND_FAILED`: a cron entry that a test executed. `STANDALONE_NOT_PROPAGATED`: a parameter did not reach all instances.
 */
export type StandaloneErrorCode =
  | 'STANDALONE_INVALID_OPTIONS'
  | 'STANDALONE_ROOT'
  | 'STANDALONE_PATH_TOO_DEEP'
  | 'STANDALONE_IN_USE'
  | 'STANDALONE_NOT_RUNNING'
  | 'STANDALONE_BUSY_PARTITION'
  | 'STANDALONE_FORMAT_FAILED'
  | 'STANDALONE_SOFTWARE_FAILED'
  | 'STANDALONE_INSTANCE_FAILED'
  | 'STANDALONE_REPORT_FAILED'
  | 'STANDALONE_NOT_READY'
  | 'STANDALONE_TIMED_OUT'
  | 'STANDALONE_STILL_RUNNING'
  | 'STANDALONE_NO_PORT'
  | 'STANDALONE_UNSOUND_SOFTWARE'
  | 'STANDALONE_LEAKED'
  | 'STANDALONE_NO_BILL'
  | 'STANDALONE_BILL_REFUSED'
  | 'STANDALONE_COMMAND_FAILED'
  | 'STANDALONE_NOT_PROPAGATED';

/** What a standalone node or a testing helper could not do, and why. */
export class StandaloneError extends SlapOSError {
  declare readonly code: StandaloneErrorCode;

  constructor(code: StandaloneErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}

/** The folder lies too deep: Unix sockets in it could not be bound (spec: standalone §5). */
export class PathTooDeepError extends StandaloneError {
  /** The longest path of a socket. */
  readonly path: string;
  /** Its length in bytes. */
  readonly length: number;
  /** What Linux allows, in bytes. */
  readonly limit: number;

  constructor(directory: string, socket: string, length: number, limit: number) {
    super(
      'STANDALONE_PATH_TOO_DEEP',
      `working directory ( ${directory} ) is too deep: a socket would be ${socket}, ${length} bytes, and ${limit} are allowed`,
      { hint: 'Leave `directory` out, so that a short temporary one is made, or choose one nearer to the root.' },
    );
    this.path = socket;
    this.length = length;
    this.limit = limit;
  }
}

/** One thing that failed in a pass. */
export interface PassFailure {
  /** URL of the release, or title or id of the partition. */
  readonly reference: string;
  readonly cause: Error;
}

/** What a {@link PassFailedError} carries. */
export interface PassFailedDetails {
  /** That of the command: 1 failed, 2 only promises failed, 3 the master was away (spec: cli §2). */
  readonly exitStatus: number;
  /** The last lines of the log of the last attempt. */
  readonly output: string;
  /** The whole log. */
  readonly logFile: string;
  readonly attempts: number;
  readonly failures: readonly PassFailure[];
}

/** A pass that did not succeed, after all attempts; its message holds the first failure and the end of the log. */
export class PassFailedError extends StandaloneError implements PassFailedDetails {
  readonly exitStatus: number;
  readonly output: string;
  readonly logFile: string;
  readonly attempts: number;
  readonly failures: readonly PassFailure[];

  constructor(
    code: 'STANDALONE_SOFTWARE_FAILED' | 'STANDALONE_INSTANCE_FAILED' | 'STANDALONE_REPORT_FAILED',
    name: string,
    details: PassFailedDetails,
  ) {
    const [first] = details.failures;
    const times = details.attempts === 1 ? '' : ` after ${details.attempts} attempts`;
    const why = first === undefined ? '' : `: ${first.reference}: ${first.cause.message.split('\n')[0] ?? ''}`;
    const others = details.failures.length > 1 ? ` (and ${details.failures.length - 1} more)` : '';
    super(
      code,
      `The ${name} pass failed${times}${why}${others}\nexitstatus: ${details.exitStatus} output:\n${details.output}`,
      { hint: `The whole log is ${details.logFile}`, cause: first?.cause },
    );
    this.exitStatus = details.exitStatus;
    this.output = details.output;
    this.logFile = details.logFile;
    this.attempts = details.attempts;
    this.failures = details.failures;
  }
}
