/** What the exit codes of `slapos` mean (spec: cli §2). */
export const EXIT_CODES = {
  OK: 0,
  FAILED: 1,
  /** Wrong arguments; also: not ready, not found, formatted but not posted, and promises that fail. */
  USAGE: 2,
  PROMISES_FAILED: 2,
  NOT_POSTED: 2,
  NOT_READY: 2,
  /** The master cannot be reached; services were kept running. */
  OFFLINE: 3,
  /** Unknown command, an option that is none before the command, or not root. */
  REFUSED: 5,
  /** `node plan --exit-code`: there is something to do. */
  HAS_WORK: 6,
  /** Another slapos process holds the lock. */
  BUSY: 10,
  /** What was waited for did not come in time. */
  TIMED_OUT: 124,
  INTERRUPTED: 130,
  /** `node prune`: no shared parts are configured, or a software pass runs. */
  CANNOT_PRUNE: 255,
} as const;

/** Exit codes of errors by their stable code; any other error is {@link EXIT_CODES.FAILED}. */
const CODES_OF_ERRORS: ReadonlyMap<string, number> = new Map([
  ['CLI_USAGE', EXIT_CODES.USAGE],
  ['CLI_NOT_ROOT', EXIT_CODES.REFUSED],
  ['CLI_UNKNOWN_COMMAND', EXIT_CODES.REFUSED],
  ['HOST_LOCKED', EXIT_CODES.BUSY],
  ['CLI_TIMEOUT', EXIT_CODES.TIMED_OUT],
]);

/** The exit code for an error with this `code`. */
export function exitCodeOfError(code: string | undefined): number {
  return (code === undefined ? undefined : CODES_OF_ERRORS.get(code)) ?? EXIT_CODES.FAILED;
}
