import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type CommandRunner,
  createLinuxHost,
  escapeControlCharacters,
  isProcessAlive,
  type LogFields,
  type Logger,
  readProcessStatus,
} from '@slapos/host';
import { SlapClient } from '@slapos/slap';
import {
  createSupervisordAdapter,
  runWatchdog,
  type WatchdogOptions,
  writeSupervisorEnvironment,
} from '@slapos/supervisor';
import { watchdogCommand } from './node/watchdog-command.js';

const USAGE_STATUS = 2;
const OWNER_POLL_MS = 300;
/** The name of our own group. */
const OURSELVES = 'watchdog';
/** The supervisor keeps few events for us; a master that is away must not hold up the others. */
const BANG_TIMEOUT_MS = 10_000;
const OPTIONS = {
  'master-url': { type: 'string' },
  'computer-id': { type: 'string' },
  'instance-root': { type: 'string' },
  owner: { type: 'string' },
  remove: { type: 'string' },
} as const;

/**
 * What the supervisor of a standalone node starts as its event listener: bangs the partition whose watched service has ended. Standard
 * output belongs to the protocol, the log goes to standard error (spec: grid §12.2).
 * @returns the exit code
 */
export async function watchdogMain(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS, strict: true });
  const { 'master-url': masterUrl, 'computer-id': computerId, 'instance-root': instanceRoot } = values;
  if (masterUrl === undefined || computerId === undefined) {
    standardErrorLog.error('The watchdog needs --master-url and --computer-id');
    return USAGE_STATUS;
  }
  if (values.owner !== undefined && instanceRoot !== undefined) {
    const next = { program: watchdogCommand(undefined), masterUrl, computerId };
    void guard({ owner: values.owner, instanceRoot, temporaryDirectory: values.remove, next });
  }
  await using client = new SlapClient({
    masterUrl,
    timeoutMs: BANG_TIMEOUT_MS,
    totalTimeoutMs: BANG_TIMEOUT_MS,
    retries: 0,
  });
  await runWatchdog({
    input: process.stdin,
    output: process.stdout,
    bang: (partitionId, message) => client.registerComputerPartition(computerId, partitionId).bang(message),
    logger: standardErrorLog,
    instanceRoot,
  });
  return 0;
}

/** Ends the node when the program that controls it has ended: whoever kills a test run leaves nothing behind. */
async function guard(wanted: {
  owner: string;
  instanceRoot: string;
  temporaryDirectory: string | undefined;
  /** The watchdog of whoever starts the supervisor next. */
  next: WatchdogOptions;
}): Promise<void> {
  const [pid, startTime] = wanted.owner.split(':');
  while (isProcessAlive(Number(pid)) && readProcessStatus(Number(pid))?.startTime === startTime)
    await pause(OWNER_POLL_MS);
  standardErrorLog.info('The program that controls this node has ended: the node is ended', { owner: wanted.owner });
  try {
    const { commands } = createLinuxHost();
    const services = createSupervisordAdapter({
      instanceRoot: wanted.instanceRoot,
      commands,
      logger: standardErrorLog,
    });
    const groups = new Set(
      (await services.allProcessInfo()).map(({ group }) => group).filter((group) => group !== OURSELVES),
    );
    await Promise.all([...groups].map((group) => services.stopGroup(group)));
    if (wanted.temporaryDirectory === undefined)
      await writeSupervisorEnvironment({ instanceRoot: wanted.instanceRoot, watchdog: wanted.next });
    else await removeAfter(commands, process.ppid, wanted.temporaryDirectory);
  } catch (error) {
    standardErrorLog.error('The node could not be ended as it should', { error });
  }
  // Our parent is the supervisor; its socket may be gone by now.
  if (process.ppid > 1) process.kill(process.ppid, 'SIGTERM');
}

/** Starts what removes the folder when the supervisor, whose child we are, has ended: none of us is there any more then. */
async function removeAfter(commands: CommandRunner, supervisorPid: number, directory: string): Promise<void> {
  const script = 'while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf -- "$2"';
  await commands.run({
    file: 'setsid',
    args: ['--fork', 'sh', '-c', script, 'remove-standalone', String(supervisorPid), directory],
  });
}

/** This is a program, which a supervisor started: it has nobody else to tell. */
const standardErrorLog: Logger = {
  debug: () => {},
  info: (message, fields) => write('INFO', message, fields),
  warn: (message, fields) => write('WARNING', message, fields),
  error: (message, fields) => write('ERROR', message, fields),
  child: () => standardErrorLog,
};

function write(level: string, message: string, { error, ...fields }: LogFields = {}): void {
  const reason = error === undefined ? '' : ` ${error instanceof Error ? error.message : JSON.stringify(error)}`;
  const text = escapeControlCharacters(`${message}${reason} ${JSON.stringify(fields)}`);
  process.stderr.write(`${new Date().toISOString()} ${level} ${text}\n`);
}
