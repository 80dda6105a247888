import { FAULTS } from '../errors.js';

export type Verb = 'start' | 'stop';

const GENERIC_FAILURE = 1;
const NOT_RUNNING = 7;

/** What supervisorctl says about a refusal, and the exit status that it makes of it (spec: supervisor §8). */
export function describeFault(verb: Verb, faultCode: number): { readonly text: string; readonly status: number } {
  switch (faultCode) {
    case FAULTS.BAD_NAME:
      return { text: 'no such process', status: GENERIC_FAILURE };
    case FAULTS.NO_FILE:
      return { text: 'no such file', status: GENERIC_FAILURE };
    case FAULTS.NOT_EXECUTABLE:
      return { text: 'file is not executable', status: GENERIC_FAILURE };
    case FAULTS.ALREADY_STARTED:
      return { text: 'already started', status: 0 };
    case FAULTS.NOT_RUNNING:
      return { text: 'not running', status: 0 };
    case FAULTS.SPAWN_ERROR:
      return { text: 'spawn error', status: NOT_RUNNING };
    case FAULTS.ABNORMAL_TERMINATION:
      return { text: 'abnormal termination', status: NOT_RUNNING };
    default:
      return { text: `fault ${String(faultCode)} while trying to ${verb} it`, status: GENERIC_FAILURE };
  }
}
