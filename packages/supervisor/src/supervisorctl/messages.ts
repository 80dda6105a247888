import { FAULTS } from '../errors.js';

export type Verb = 'start' | 'stop' | 'signal' | 'clear';

/** Exit statuses of supervisorctl (spec: supervisor §8). */
export const STATUS = { failed: 1, usage: 2, stopped: 3, unknown: 4, notRunning: 7 } as const;

/** What supervisorctl says about a refusal, and the exit status that it makes of it (spec: supervisor §8). */
export function describeFault(verb: Verb, faultCode: number): { readonly text: string; readonly status: number } {
  switch (faultCode) {
    case FAULTS.BAD_NAME:
      return { text: 'no such process', status: STATUS.failed };
    case FAULTS.BAD_SIGNAL:
      return { text: 'bad signal name', status: STATUS.failed };
    case FAULTS.NO_FILE:
      return { text: 'no such file', status: STATUS.failed };
    case FAULTS.NOT_EXECUTABLE:
      return { text: 'file is not executable', status: STATUS.failed };
    case FAULTS.ALREADY_STARTED:
      return { text: 'already started', status: 0 };
    case FAULTS.NOT_RUNNING:
      // Who stops what is stopped has what was wanted; who signals it has not.
      return { text: 'not running', status: verb === 'stop' ? 0 : STATUS.notRunning };
    case FAULTS.SPAWN_ERROR:
      return { text: 'spawn error', status: STATUS.notRunning };
    case FAULTS.ABNORMAL_TERMINATION:
      return { text: 'abnormal termination', status: STATUS.notRunning };
    case FAULTS.FAILED:
      return { text: 'failed', status: STATUS.failed };
    default:
      return { text: `fault ${String(faultCode)} while trying to ${verb} it`, status: STATUS.failed };
  }
}
