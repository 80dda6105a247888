import { setTimeout as pause } from 'node:timers/promises';
import { type CommandRunner, HostError, isSlapOSError, type Logger } from '@slapos/host';
import type { SupervisorPaths } from '../configuration/paths.js';
import { FAULTS, SupervisorError, SupervisorFault } from '../errors.js';
import { PROCESS_STATES, RUNNING_STATES, SUPERVISOR_STATES } from '../states.js';
import { readStruct } from '../xml-rpc/read-value.js';
import { embeddedProgram } from './embedded-program.js';
import { readProcessInfo } from './process-info.js';
import type { RpcClient } from './rpc-client.js';
import type { SupervisorKind } from './supervisor-kind.js';

const PROGRAM = 'supervisord';

const PRESENCE_TRIES = 5;
const SHUTDOWN_WAIT_STEP_MS = 2000;
/** Time-outs of the checks after a launch (spec: supervisor §4.2). */
const START_CHECKS_MS = [1000, 5000, 10_000, 15_000, 20_000] as const;
const LAUNCH_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 20;

const STATE_MEMBERS = { statecode: 'number', statename: 'string' } as const;

export interface LaunchContext {
  readonly rpc: RpcClient;
  readonly commands: CommandRunner;
  readonly paths: SupervisorPaths;
  readonly logger: Logger;
  readonly kind: SupervisorKind;
  /** How long one that is there may take to tell its state. */
  readonly answerTimeoutMs: number;
  /** The words that start the embedded one; for tests. */
  readonly embeddedCommand?: readonly [string, ...string[]] | undefined;
}

/** Whether a supervisor answers and takes calls; one that does not answer in time does not. */
export async function isRunning(rpc: RpcClient, timeoutMs: number): Promise<boolean> {
  try {
    return (await presence(rpc, timeoutMs)) === 'running';
  } catch (error) {
    if (error instanceof SupervisorError && error.code === 'SUPERVISOR_NOT_ANSWERING') return false;
    throw error;
  }
}

type Presence = 'running' | 'shutting-down' | 'other' | 'absent';

async function presence(rpc: RpcClient, timeoutMs: number): Promise<Presence> {
  try {
    const state = readStruct(await rpc.call('getState', [], { timeoutMs }), STATE_MEMBERS, 'state');
    if (state.statecode === SUPERVISOR_STATES.RUNNING) return 'running';
    return state.statecode === SUPERVISOR_STATES.SHUTDOWN || state.statecode === SUPERVISOR_STATES.RESTARTING
      ? 'shutting-down'
      : 'other';
  } catch (error) {
    if (error instanceof SupervisorFault && error.faultCode === FAULTS.SHUTDOWN_STATE) return 'shutting-down';
    if (error instanceof SupervisorError && error.code === 'SUPERVISOR_NOT_RUNNING') return 'absent';
    throw error;
  }
}

/**
 * Makes sure that a supervisor runs (spec: supervisor §4). The configuration must have been written.
 * @throws SupervisorError `SUPERVISOR_NOT_INSTALLED`, `SUPERVISOR_LAUNCH_FAILED`, `SUPERVISOR_NOT_ANSWERING`: another one would not help
 */
export async function ensureSupervisord(context: LaunchContext): Promise<void> {
  const { rpc, logger, answerTimeoutMs } = context;
  for (let attempt = 1; attempt <= PRESENCE_TRIES; attempt += 1) {
    const found = await presence(rpc, answerTimeoutMs);
    if (found === 'running') {
      logger.debug('Supervisord already running.');
      return repairWatchdog(rpc, logger);
    }
    if (found === 'shutting-down') {
      logger.info('Supervisord is shutting down, waiting for it', { attempt });
      await waitWhileShuttingDown(context, SHUTDOWN_WAIT_STEP_MS * (attempt + 1));
      continue;
    }
    if (found === 'other') logger.warn('Supervisord is in a state that it cannot work in; starting another');
    break;
  }
  await launch(context);
}

async function waitWhileShuttingDown({ rpc, answerTimeoutMs }: LaunchContext, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline && (await presence(rpc, answerTimeoutMs)) === 'shutting-down')
    await pause(POLL_INTERVAL_MS);
}

async function launch(context: LaunchContext): Promise<void> {
  const { rpc, paths, logger, answerTimeoutMs } = context;
  const lines: string[] = [];
  const result = await runSupervisord(context, ['-c', paths.configuration], {
    timeoutMs: LAUNCH_TIMEOUT_MS,
    onLine: (line) => lines.push(line),
  });
  const logLines = (): void => lines.forEach((line) => logger.info('supervisord', { line }));
  if (result.exitCode !== 0) {
    // Passes run beside each other, and each makes sure of it: the other one was faster, and its socket listens already.
    if (await isRunning(rpc, answerTimeoutMs)) {
      logger.debug('Supervisord was started by another process meanwhile.', { lines });
      return;
    }
    logLines();
    throw new SupervisorError('SUPERVISOR_LAUNCH_FAILED', `Failed to launch supervisord:\n${result.output.trimEnd()}`, {
      hint: `Look at ${paths.configuration} and ${paths.log}.`,
    });
  }
  logLines();
  for (const timeoutMs of START_CHECKS_MS) {
    const deadline = performance.now() + timeoutMs;
    // It binds its socket before it leaves for the background, so the first look nearly always succeeds.
    do {
      if (await isRunning(rpc, timeoutMs)) return;
      await pause(POLL_INTERVAL_MS);
    } while (performance.now() < deadline);
  }
  logger.warn('Supervisord was started, and does not answer yet', { log: paths.log });
}

/**
 * Runs a supervisor that stays in the foreground, until it ends or is told to by `signal` (spec: supervisor §4.4).
 * @throws SupervisorError those of a supervisor that cannot be started
 */
export async function runSupervisorInForeground(
  context: Pick<LaunchContext, 'commands' | 'logger' | 'kind' | 'paths'>,
  signal: AbortSignal,
): Promise<number | null> {
  const { logger, paths } = context;
  const { exitCode } = await runSupervisord(context, ['-c', paths.configuration, '--nodaemon'], {
    onLine: (line) => logger.info(line),
    signal,
  });
  return exitCode;
}

interface RunOptions {
  readonly onLine: (line: string) => void;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Starts the program with an empty environment: nothing of the operator's reaches the services (spec: supervisor §4.2). */
async function runSupervisord(
  context: Pick<LaunchContext, 'commands' | 'logger' | 'kind' | 'embeddedCommand'>,
  args: readonly string[],
  { signal, ...options }: RunOptions,
): ReturnType<CommandRunner['run']> {
  const { commands, logger, kind } = context;
  const run = ([file, ...words]: readonly [string, ...string[]]): ReturnType<CommandRunner['run']> =>
    commands.run(
      { file, args: [...words, ...args], emptyEnvironment: true, ...options },
      signal === undefined ? {} : { signal },
    );
  const runEmbedded = (): ReturnType<CommandRunner['run']> => run(context.embeddedCommand ?? embeddedProgram());
  try {
    return await (kind === 'embedded' ? runEmbedded() : run([PROGRAM]));
  } catch (error) {
    const isMissing = error instanceof HostError && error.code === 'HOST_COMMAND_NOT_FOUND';
    if (isMissing && kind === 'auto') {
      logger.info('supervisord is not installed: the embedded supervisor is started');
      return await runEmbedded();
    }
    if (isMissing && kind === 'supervisord') {
      throw new SupervisorError('SUPERVISOR_NOT_INSTALLED', 'Services cannot be run: supervisord is not installed', {
        hint: 'Install it: apt-get install supervisor; or set supervisor = embedded',
        cause: error,
      });
    }
    if (isSlapOSError(error)) throw error;
    throw new SupervisorError('SUPERVISOR_LAUNCH_FAILED', 'Failed to launch supervisord', { cause: error });
  }
}

/** Puts a watchdog that gave up, or had no command, back to work; `reloadConfig` alone would not see the change (spec: supervisor §4.3). */
async function repairWatchdog(rpc: RpcClient, logger: Logger): Promise<void> {
  try {
    const { state } = readProcessInfo(await rpc.call('getProcessInfo', ['watchdog']));
    if (RUNNING_STATES.has(state) || state === PROCESS_STATES.STOPPING) return;
    logger.debug('The watchdog does not run: it is taken out and added again');
    await rpc.call('removeProcessGroup', ['watchdog']);
    await rpc.call('reloadConfig');
    await rpc.call('addProcessGroup', ['watchdog']);
  } catch (error) {
    if (!(error instanceof SupervisorFault)) throw error;
    // A configuration without watchdog, or one that cannot start: services matter more.
    logger.debug('The watchdog cannot be started', { error });
  }
}
