import { isSlapOSError, programKind, type CommandRunner, type UserIdentity } from '@slapos/host';

import type { PromiseCheck } from '../discovery/discover.js';

const MS_PER_SECOND = 1000;
/** Characters of a message that are kept; what the log is read for holds some of them. */
const KEPT_BEGINNING = 16 * 1024;
const KEPT_END = 64 * 1024;
/** Between SIGTERM and SIGKILL. */
const KILL_GRACE_MS = 500;

/** How an executable ended. */
export interface ExecutableRun {
  readonly level: 'INFO' | 'ERROR';
  readonly message: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

export interface ExecutableRunOptions {
  readonly commands: CommandRunner;
  readonly partitionPath: string;
  readonly user: UserIdentity | undefined;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal | undefined;
}

function couldNotStart(message: string): ExecutableRun {
  return { level: 'ERROR', message, timedOut: false, durationMs: 0 };
}

/**
 * Runs an executable promise in the partition, as its user, without arguments and input. Its whole output is the message; what
 * it leaves running is killed. (spec: promise 3.6)
 */
export async function runExecutable(check: PromiseCheck, options: ExecutableRunOptions): Promise<ExecutableRun> {
  // Nothing is handed to a shell to guess: the Python node does not either, and says this.
  if ((await programKind(check.path)) === 'unknown format') {
    return couldNotStart(`[Errno 8] Exec format error: '${check.path}'`);
  }
  try {
    const result = await options.commands.run(
      {
        file: check.path,
        args: [],
        cwd: options.partitionPath,
        timeoutMs: options.timeoutSeconds * MS_PER_SECOND,
        killGraceMs: KILL_GRACE_MS,
        killLeftovers: true,
        dieWithUs: true,
        ...(options.user === undefined ? {} : { user: options.user }),
      },
      options.signal === undefined ? {} : { signal: options.signal },
    );
    return {
      level: result.exitCode === 0 ? 'INFO' : 'ERROR',
      message: bounded(result.output.replace(/\r\n?/g, '\n').replaceAll('\0', '\uFFFD').trim()),
      timedOut: result.timedOut,
      durationMs: result.durationMs,
    };
  } catch (error) {
    const isItsFault =
      isSlapOSError(error) && ['HOST_COMMAND_NOT_FOUND', 'HOST_COMMAND_FAILED_TO_START'].includes(error.code);
    if (isItsFault) return couldNotStart(error.message);
    throw error;
  }
}

/**
 * Of a very long message the beginning and the end: the log is read from its end, and a record that is longer than what is read would not be
 * seen, nor that the promise failed.
 */
function bounded(message: string): string {
  const omitted = message.length - KEPT_BEGINNING - KEPT_END;
  if (omitted <= 0) return message;
  return `${message.slice(0, KEPT_BEGINNING)}\n[… ${String(omitted)} characters left out …]\n${message.slice(-KEPT_END)}`;
}
