import { isSlapOSError, type CommandRunner, type Logger, type UserIdentity } from '@slapos/host';

import { readAsset } from '../assets.js';
import type { PromiseCheck } from '../discovery/discover.js';
import { parseRunnerMessage, type RunnerMessage } from './messages.js';

const MS_PER_SECOND = 1000;
const KILL_GRACE_MS = 1000;
const MAX_LOGGED_TRACE = 2000;
/** Looked up in the trusted PATH when the software has no Python of its own. */
const DEFAULT_PYTHON = 'python3';
/** Told to plug-ins as the version of the node. */
const NODE_VERSION = '1.24.0';
/**
 * A constant script: the runner's messages leave by descriptor 3, what a plug-in prints goes to the log. The runner's text and
 * everything else are positional parameters.
 */
const SEPARATE_MESSAGES = 'exec "$@" 3>&1 1>&2';

export interface PluginRunOptions {
  readonly commands: CommandRunner;
  readonly logger: Logger;
  readonly partitionPath: string;
  readonly partitionId: string;
  readonly computerId: string;
  readonly masterUrl: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly pythonInterpreter: string | undefined;
  readonly user: UserIdentity | undefined;
  readonly timeoutSeconds: number;
  readonly checkAnomaly: boolean;
  readonly signal: AbortSignal | undefined;
  /** Called before the promise does anything. */
  readonly onLoaded: (loaded: Extract<RunnerMessage, { event: 'loaded' }>) => Promise<void>;
}

/** How a plug-in ended. */
export interface PluginRun {
  /** `undefined`: it gave none. */
  readonly result: Extract<RunnerMessage, { event: 'result' }> | undefined;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** The configuration of a plug-in. What is not known is absent. (spec: promise 4.1) */
function configuration(check: PromiseCheck, options: PluginRunOptions): Record<string, unknown> {
  return {
    path: check.path,
    name: check.name,
    'log-folder': `${options.partitionPath}/.slapgrid/promise/log`,
    'partition-folder': options.partitionPath,
    debug: false,
    'promise-timeout': options.timeoutSeconds,
    'master-url': options.masterUrl,
    'partition-cert': options.certFile,
    'partition-key': options.keyFile,
    'partition-id': options.partitionId,
    'computer-id': options.computerId,
    'slapgrid-version': NODE_VERSION,
  };
}

/**
 * The runner is handed over as text: the partition's user often cannot read the folder in which this package lies.
 */
async function interpreter(check: PromiseCheck, options: PluginRunOptions): Promise<string[]> {
  if (check.kind === 'python') {
    return [options.pythonInterpreter ?? DEFAULT_PYTHON, '-c', await readAsset('python-runner.py')];
  }
  return [process.execPath, '--input-type=module', '--eval', await readAsset('javascript-runner.mjs')];
}

/**
 * Runs a plug-in promise in a process of its own, as the partition's user, with the partition's own rights and nothing of the
 * node's memory. (spec: promise 8)
 */
export async function runPlugin(check: PromiseCheck, options: PluginRunOptions): Promise<PluginRun> {
  const logger = options.logger.child({ promise: check.name });
  let preparing: Promise<void> | undefined;
  /** The schedule is written before the promise works; the other messages can wait for the end, and be longer than a line of a log. */
  const onMessage = (line: string): void => {
    const message = parseRunnerMessage(line);
    if (message?.event === 'loaded') preparing ??= options.onLoaded(message);
  };
  const job = {
    title: check.title,
    path: check.path,
    checkAnomaly: options.checkAnomaly,
    config: configuration(check, options),
  };
  try {
    const run = await options.commands.run(
      {
        file: 'sh',
        args: ['-c', SEPARATE_MESSAGES, 'sh', ...(await interpreter(check, options))],
        cwd: options.partitionPath,
        input: JSON.stringify(job),
        separateStderr: true,
        keepOutput: 'whole',
        timeoutMs: options.timeoutSeconds * MS_PER_SECOND,
        killGraceMs: KILL_GRACE_MS,
        killLeftovers: true,
        dieWithUs: true,
        onLine: (line, stream) => {
          if (stream === 'stdout') onMessage(line);
          else logger.debug('A promise says', { line });
        },
        ...(options.user === undefined ? {} : { user: options.user }),
      },
      options.signal === undefined ? {} : { signal: options.signal },
    );
    await preparing;
    const messages = run.output.split('\n').flatMap((line) => parseRunnerMessage(line) ?? []);
    const failure = messages.find((message) => message.event === 'error');
    const result = messages.findLast((message) => message.event === 'result');
    if (failure !== undefined) {
      const trace = failure.trace.slice(-MAX_LOGGED_TRACE);
      logger.error('A promise cannot be loaded', { message: failure.message, trace });
    } else if (result === undefined && !run.timedOut) {
      const said = run.stderr.slice(-MAX_LOGGED_TRACE);
      logger.error('A promise gave no result', { exitCode: run.exitCode, signal: run.signal, said });
    }
    return { result: run.timedOut ? undefined : result, timedOut: run.timedOut, durationMs: run.durationMs };
  } catch (error) {
    if (!isSlapOSError(error) || error.code === 'HOST_COMMAND_ABORTED') throw error;
    logger.error('A promise cannot be run', { reason: error.message, hint: error.hint });
    return { result: undefined, timedOut: false, durationMs: 0 };
  }
}
