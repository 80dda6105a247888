/** Events that listeners can ask for, with the parents whose subscription includes them (spec: supervisor §7). */
const PARENTS: Readonly<Record<string, string | undefined>> = {
  EVENT: undefined,
  PROCESS_STATE: 'EVENT',
  PROCESS_STATE_UNKNOWN: 'PROCESS_STATE',
  PROCESS_STATE_STARTING: 'PROCESS_STATE',
  PROCESS_STATE_RUNNING: 'PROCESS_STATE',
  PROCESS_STATE_BACKOFF: 'PROCESS_STATE',
  PROCESS_STATE_STOPPING: 'PROCESS_STATE',
  PROCESS_STATE_EXITED: 'PROCESS_STATE',
  PROCESS_STATE_STOPPED: 'PROCESS_STATE',
  PROCESS_STATE_FATAL: 'PROCESS_STATE',
  PROCESS_COMMUNICATION: 'EVENT',
  PROCESS_COMMUNICATION_STDOUT: 'PROCESS_COMMUNICATION',
  PROCESS_COMMUNICATION_STDERR: 'PROCESS_COMMUNICATION',
  PROCESS_LOG: 'EVENT',
  PROCESS_LOG_STDOUT: 'PROCESS_LOG',
  PROCESS_LOG_STDERR: 'PROCESS_LOG',
  REMOTE_COMMUNICATION: 'EVENT',
  SUPERVISOR_STATE_CHANGE: 'EVENT',
  SUPERVISOR_STATE_CHANGE_RUNNING: 'SUPERVISOR_STATE_CHANGE',
  SUPERVISOR_STATE_CHANGE_STOPPING: 'SUPERVISOR_STATE_CHANGE',
  TICK: 'EVENT',
  TICK_5: 'TICK',
  TICK_60: 'TICK',
  TICK_3600: 'TICK',
  PROCESS_GROUP: 'EVENT',
  PROCESS_GROUP_ADDED: 'PROCESS_GROUP',
  PROCESS_GROUP_REMOVED: 'PROCESS_GROUP',
};

export function isEventName(name: string): boolean {
  return Object.hasOwn(PARENTS, name);
}

/** Whether a subscription to `subscribed` includes `event`. */
export function includesEvent(subscribed: string, event: string): boolean {
  for (let name: string | undefined = event; name !== undefined; name = PARENTS[name]) {
    if (name === subscribed) return true;
  }
  return false;
}

/** Something that happened, for listeners. */
export interface DaemonEvent {
  readonly name: string;
  readonly payload: string;
}
