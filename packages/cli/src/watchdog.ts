import path from 'node:path';
import { parseArgs } from 'node:util';
import { isSlapOSError } from '@slapos/host';
import { SlapClient } from '@slapos/slap';
import { runWatchdog } from '@slapos/supervisor';
import { EXIT_CODES } from './exit-codes.js';
import { CommandLog } from './output/log.js';

const BANG_TIMEOUT_MS = 10_000;
const BANG_TOTAL_TIMEOUT_MS = 30_000;

const OPTIONS = {
  'master-url': { type: 'string' },
  'computer-id': { type: 'string' },
  'certificate-repository-path': { type: 'string' },
  'instance-root-path': { type: 'string' },
  // The spelling of the configuration files that the Python node writes.
  'instance-root': { type: 'string' },
  'master-ca-file': { type: 'string' },
  'master-insecure': { type: 'boolean' },
} as const;

interface WatchdogArguments {
  readonly masterUrl: string;
  readonly computerId: string;
  readonly certificateRepositoryPath: string | undefined;
  readonly instanceRoot: string | undefined;
  readonly masterCaFile: string | undefined;
  readonly masterInsecure: boolean;
}

/**
 * The program `slapos-watchdog`: supervisord starts it as an event listener; its standard output belongs to the protocol, its log goes to
 * standard error (spec: cli §9).
 * @returns the exit code
 */
export async function watchdogMain(argv: readonly string[]): Promise<number> {
  const logger = new CommandLog({ level: 'info', showTime: true, colour: false, showStacks: false });
  let given: WatchdogArguments;
  try {
    given = readArguments(argv);
  } catch (error) {
    logger.error(`slapos-watchdog: error: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_CODES.USAGE;
  }
  try {
    await runWatchdog({
      input: process.stdin,
      output: process.stdout,
      bang: (partitionId, message) => bang(given, partitionId, message, logger),
      logger,
      instanceRoot: given.instanceRoot,
    });
    return EXIT_CODES.OK;
  } catch (error) {
    logger.error('The watchdog ends', { error: isSlapOSError(error) ? error : String(error) });
    return EXIT_CODES.FAILED;
  }
}

function readArguments(argv: readonly string[]): WatchdogArguments {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS, strict: true });
  const masterUrl = values['master-url'];
  const computerId = values['computer-id'];
  if (masterUrl === undefined || computerId === undefined) {
    throw new Error('the following arguments are required: --master-url, --computer-id');
  }
  return {
    masterUrl,
    computerId,
    certificateRepositoryPath: values['certificate-repository-path'],
    instanceRoot: values['instance-root-path'] ?? values['instance-root'],
    masterCaFile: values['master-ca-file'],
    masterInsecure: values['master-insecure'] === true,
  };
}

async function bang(given: WatchdogArguments, partitionId: string, message: string, logger: CommandLog): Promise<void> {
  const { masterUrl, computerId, certificateRepositoryPath: repository } = given;
  await using client = new SlapClient({
    masterUrl,
    certFile: repository === undefined ? undefined : path.join(repository, `${partitionId}.crt`),
    keyFile: repository === undefined ? undefined : path.join(repository, `${partitionId}.key`),
    masterCaFile: given.masterCaFile,
    insecure: given.masterInsecure,
    // supervisord keeps ten events for us; a master that is away must not hold up the others.
    timeoutMs: BANG_TIMEOUT_MS,
    totalTimeoutMs: BANG_TOTAL_TIMEOUT_MS,
    retries: 0,
    logger,
  });
  await client.registerComputerPartition(computerId, partitionId).bang(message);
}
