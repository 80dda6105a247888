import { FAULTS, SupervisorFault } from '../errors.js';
import type { RpcValue } from '../xml-rpc/values.js';
import type { Control } from './control.js';
import { fullName, splitName } from './process-names.js';
import { STATUS, type Verb } from './messages.js';

/** How the methods of an action are called, and what is said when it is done. */
interface Change {
  readonly verb: Verb;
  readonly done: string;
  readonly all: () => Promise<RpcValue>;
  /** Absent: a whole group cannot be named. */
  readonly group?: (group: string) => Promise<RpcValue>;
  readonly one: (name: string) => Promise<RpcValue>;
}

/** `start NAME…` */
export async function start(control: Control, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    control.refuse('start requires a process name', STATUS.usage);
    return;
  }
  await change(control, names, {
    verb: 'start',
    done: 'started',
    all: () => control.call('startAllProcesses'),
    group: (group) => control.call('startProcessGroup', [group]),
    one: (name) => control.call('startProcess', [name]),
  });
}

/** `stop NAME…` */
export async function stop(control: Control, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    control.refuse('stop requires a process name');
    return;
  }
  await change(control, names, {
    verb: 'stop',
    done: 'stopped',
    all: () => control.call('stopAllProcesses'),
    group: (group) => control.call('stopProcessGroup', [group]),
    one: (name) => control.call('stopProcess', [name]),
  });
}

/** `restart NAME…`: stops, then starts. */
export async function restart(control: Control, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    control.refuse('restart requires a process name');
    return;
  }
  await stop(control, names);
  control.status = 0;
  await start(control, names);
}

/** `signal SIGNAL NAME…` */
export async function sendSignal(control: Control, [signal, ...names]: readonly string[]): Promise<void> {
  if (signal === undefined || names.length === 0) {
    control.refuse('signal requires a signal name and a process name');
    return;
  }
  await change(control, names, {
    verb: 'signal',
    done: 'signalled',
    all: () => control.call('signalAllProcesses', [signal]),
    group: (group) => control.call('signalProcessGroup', [group, signal]),
    one: (name) => control.call('signalProcess', [name, signal]),
  });
}

/** `clear NAME…`: empties logs. */
export async function clearLogs(control: Control, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    control.refuse('clear requires a process name');
    return;
  }
  await change(control, names, {
    verb: 'clear',
    done: 'cleared',
    all: () => control.call('clearAllProcessLogs'),
    one: (name) => control.call('clearProcessLogs', [name]),
  });
}

async function change(control: Control, names: readonly string[], { verb, done, ...methods }: Change): Promise<void> {
  if (names.includes('all')) {
    control.reportResults(verb, done, await methods.all());
    return;
  }
  for (const name of names) {
    const [group, process] = splitName(name);
    const changeGroup = process === undefined ? methods.group : undefined;
    try {
      if (changeGroup) control.reportResults(verb, done, await changeGroup(group));
      else {
        await methods.one(name);
        control.line(`${fullName({ group, name: process ?? '*' })}: ${done}`);
      }
    } catch (error) {
      if (!(error instanceof SupervisorFault)) throw error;
      if (changeGroup && error.faultCode === FAULTS.BAD_NAME) {
        control.line(`${group}: ERROR (no such group)`);
        control.status = verb === 'start' ? STATUS.usage : STATUS.failed;
      } else control.fail(verb, fullName({ group, name: process ?? '*' }), error.faultCode);
    }
  }
}
