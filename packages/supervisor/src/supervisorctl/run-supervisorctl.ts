import { socketPath } from '../configuration/paths.js';
import { SupervisorError, SupervisorFault, FAULTS } from '../errors.js';
import { runAction } from './actions.js';
import { Control } from './control.js';
import { STATUS } from './messages.js';

export interface SupervisorctlOptions {
  readonly instanceRoot: string;
  /** What stands behind the command's name: `status`, `start slappart0:*`… */
  readonly words: readonly string[];
  /** Gets each piece of the output, line ends included. */
  readonly print: (text: string) => void;
  /** Ends `tail -f`, `maintail -f` and `fg`. */
  readonly signal?: AbortSignal | undefined;
  /** Lines that the user types, for `fg`. */
  readonly typed?: AsyncIterable<string> | undefined;
}

/**
 * Does what the stock supervisorctl does, with its output and exit statuses, where that is not installed
 * (spec: supervisor §8). No words: `status`.
 * @returns the exit status
 */
export async function runSupervisorctl(options: SupervisorctlOptions): Promise<number> {
  const { instanceRoot, words, print, signal = new AbortController().signal, typed } = options;
  const socket = await socketPath(instanceRoot);
  const control = new Control({ socket, print, signal, ...(typed === undefined ? {} : { typed }) });
  await runActionOrExplain(control, words);
  return control.status;
}

/** As `runAction`; a supervisor that is not there, or that refuses everything, is said in a line and in the status. */
export async function runActionOrExplain(control: Control, words: readonly string[]): Promise<void> {
  try {
    await runAction(control, words);
  } catch (error) {
    if (error instanceof SupervisorFault) {
      control.line(
        `ERROR: ${error.faultCode === FAULTS.SHUTDOWN_STATE ? 'supervisor shutting down' : error.faultString}`,
      );
      control.status = STATUS.failed;
      return;
    }
    if (!(error instanceof SupervisorError) || error.code !== 'SUPERVISOR_NOT_RUNNING') throw error;
    const isMissing = error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT';
    control.line(`unix://${control.socket} ${isMissing ? 'no such file' : 'refused connection'}`);
    control.status = isMissing && (words[0] ?? 'status') !== 'status' ? STATUS.notRunning : STATUS.unknown;
  }
}
