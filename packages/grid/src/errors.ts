import { SlapOSError, type SlapOSErrorOptions } from '@slapos/host';

/** The codes of GridError. */
export type GridErrorCode =
  | 'GRID_ARCHIVE_REFUSED'
  | 'GRID_BUILD_FAILED'
  | 'GRID_BUILD_TIMED_OUT'
  | 'GRID_BUILDOUT_NOT_FOUND'
  | 'GRID_CACHE_FAILED'
  | 'GRID_CERTIFICATE_INVALID'
  | 'GRID_DESTROY_SCRIPT_FAILED'
  | 'GRID_FIREWALL_FAILED'
  | 'GRID_FOLDER_MISSING'
  | 'GRID_INTERRUPTED'
  | 'GRID_INVALID_OPTIONS'
  | 'GRID_INVALID_VALUE'
  | 'GRID_LOCAL_SOFTWARE_REFUSED'
  | 'GRID_NOT_ENOUGH_SPACE'
  | 'GRID_PARTITION_MISSING'
  | 'GRID_PROCESSES_LEFT'
  | 'GRID_PROFILE_MISSING'
  | 'GRID_PROMISE_FAILED'
  | 'GRID_PYTHON_NOT_FOUND'
  | 'GRID_REFUSED_OWNER'
  | 'GRID_SOFTWARE_NOT_FOUND'
  | 'GRID_SOFTWARE_NOT_INSTALLED'
  | 'GRID_TREE_IN_THE_WAY'
  | 'GRID_UNKNOWN_PARTITION'
  | 'GRID_UNKNOWN_STATE'
  | 'GRID_WRONG_PERMISSIONS';

/** What a pass could not do, and why. */
export class GridError extends SlapOSError {
  declare readonly code: GridErrorCode;

  constructor(code: GridErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}

/** What is known about a build that failed. */
export interface BuildFailure {
  /** Everything that the build printed (the middle of a very long output is left out). */
  readonly output: string;
  /** The last lines of the output, which usually hold the reason. */
  readonly excerpt: readonly string[];
  /** How it ended; absent when it could not be started, was killed, or ran out of time. */
  readonly exitCode?: number;
  /** The buildout part that was being installed, when the output tells. */
  readonly part?: string;
  /** The file that holds the whole output, if one was kept. */
  readonly logPath?: string;
}

/** A buildout that ended with an error, or that ran out of time. */
export class BuildError extends GridError {
  readonly failure: BuildFailure;

  constructor(
    code: 'GRID_BUILD_FAILED' | 'GRID_BUILD_TIMED_OUT',
    message: string,
    failure: BuildFailure,
    options: SlapOSErrorOptions = {},
  ) {
    super(code, message, options);
    this.failure = failure;
  }
}

/**
 * The text of an error as the master gets it: for a build the message and the complete output, else the message and the hint.
 * (spec: grid 5.1, 7.4)
 */
export function errorReport(error: unknown): string {
  if (error instanceof BuildError) return `${error.message}:\n${error.failure.output}\n`;
  if (error instanceof SlapOSError && error.hint !== undefined) return `${error.message}\n${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}
