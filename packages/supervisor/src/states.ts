/** State codes of a process (spec: supervisor §9.4). */
export const PROCESS_STATES = {
  STOPPED: 0,
  STARTING: 10,
  RUNNING: 20,
  BACKOFF: 30,
  STOPPING: 40,
  EXITED: 100,
  FATAL: 200,
  UNKNOWN: 1000,
} as const;

export type ProcessStateName = keyof typeof PROCESS_STATES;

/** Alive, or being brought up. */
export const RUNNING_STATES: ReadonlySet<number> = new Set([
  PROCESS_STATES.STARTING,
  PROCESS_STATES.RUNNING,
  PROCESS_STATES.BACKOFF,
]);

/** Not alive, and nobody is bringing it up. */
export const STOPPED_STATES: ReadonlySet<number> = new Set([
  PROCESS_STATES.STOPPED,
  PROCESS_STATES.EXITED,
  PROCESS_STATES.FATAL,
  PROCESS_STATES.UNKNOWN,
]);

/** State codes of the supervisor itself (spec: supervisor §9.3). */
export const SUPERVISOR_STATES = { FATAL: 2, RUNNING: 1, RESTARTING: 0, SHUTDOWN: -1 } as const;
