import { SlapOSError, type SlapOSErrorOptions } from '@slapos/host';

/**
 * Codes of this package. `SUPERVISOR_NOT_INSTALLED`: there is no supervisord. `SUPERVISOR_SOCKET_PATH_TOO_LONG`: the instance root is too
 * deep for a Unix socket. `SUPERVISOR_NOT_RUNNING`: nobody listens on the socket. `SUPERVISOR_NOT_ANSWERING`: what listens takes too long. `SUPERVISOR_LAUNCH_FAILED`: it did not start.
 * `SUPERVISOR_FAULT`: it refused a call, see {@link SupervisorFault}. `SUPERVISOR_INVALID_ANSWER`: what answers is no supervisor.
 * `SUPERVISOR_INVALID_PROGRAM`: a name or value that cannot stand in its configuration. `SUPERVISOR_STILL_RUNNING`: a group did not stop.
 */
export type SupervisorErrorCode =
  | 'SUPERVISOR_NOT_INSTALLED'
  | 'SUPERVISOR_SOCKET_PATH_TOO_LONG'
  | 'SUPERVISOR_NOT_RUNNING'
  | 'SUPERVISOR_NOT_ANSWERING'
  | 'SUPERVISOR_LAUNCH_FAILED'
  | 'SUPERVISOR_FAULT'
  | 'SUPERVISOR_INVALID_ANSWER'
  | 'SUPERVISOR_INVALID_PROGRAM'
  | 'SUPERVISOR_STILL_RUNNING';

/** What went wrong between us and the supervisor. */
export class SupervisorError extends SlapOSError {
  declare readonly code: SupervisorErrorCode;

  constructor(code: SupervisorErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Numbers of supervisord's faults (spec: supervisor §9.2). */
export const FAULTS = {
  UNKNOWN_METHOD: 1,
  INCORRECT_PARAMETERS: 2,
  BAD_ARGUMENTS: 3,
  SIGNATURE_UNSUPPORTED: 4,
  SHUTDOWN_STATE: 6,
  BAD_NAME: 10,
  BAD_SIGNAL: 11,
  NO_FILE: 20,
  NOT_EXECUTABLE: 21,
  FAILED: 30,
  ABNORMAL_TERMINATION: 40,
  SPAWN_ERROR: 50,
  ALREADY_STARTED: 60,
  NOT_RUNNING: 70,
  SUCCESS: 80,
  ALREADY_ADDED: 90,
  STILL_RUNNING: 91,
  CANT_REREAD: 92,
} as const;

/** The supervisor understood a call and refused it. */
export class SupervisorFault extends SupervisorError {
  /** One of {@link FAULTS}. */
  readonly faultCode: number;
  /** Such as `BAD_NAME: slappart0`. */
  readonly faultString: string;

  constructor(method: string, faultCode: number, faultString: string) {
    super('SUPERVISOR_FAULT', `supervisord refused ${method}: ${faultString}`);
    this.faultCode = faultCode;
    this.faultString = faultString;
  }
}
