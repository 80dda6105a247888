import { parseArgs } from 'node:util';
import { escapeControlCharacters, type LogFields, type Logger } from '@slapos/host';
import { SlapClient } from '@slapos/slap';
import { runWatchdog } from '@slapos/supervisor';

const USAGE_STATUS = 2;
/** The supervisor keeps few events for us; a master that is away must not hold up the others. */
const BANG_TIMEOUT_MS = 10_000;
const OPTIONS = {
  'master-url': { type: 'string' },
  'computer-id': { type: 'string' },
  'instance-root': { type: 'string' },
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
