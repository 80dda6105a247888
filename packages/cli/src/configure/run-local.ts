import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { connectSupervisor, nodeSupervisorOf, startSupervisor } from '../node/supervisor-commands.js';
import type { CommandLog } from '../output/log.js';
import {
  linkClientConfiguration,
  type LocalSettings,
  localMasterUrl,
  localPaths,
  ownCommand,
  writeLocalConfiguration,
} from './local-files.js';
import { exists } from './write-files.js';

const MASTER_TIMEOUT_MS = 60_000;
const MASTER_INTERVAL_MS = 100;

/** What setting up a machine needs. */
export interface LocalContext {
  /** Runs `slapos node format` with this configuration; gives its exit code. */
  readonly format: (file: string) => Promise<number>;
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
}

/**
 * Sets up one machine with its own master, from nothing to ready (spec: cli §5.2).
 * @returns the exit code
 * @throws CliError `CLI_INPUT` when the machine is configured already, `CLI_TIMEOUT` when the master does not come up
 */
export async function configureLocal(settings: LocalSettings, context: LocalContext): Promise<number> {
  const { logger, signal } = context;
  const { node } = localPaths(settings);
  if (await exists(node)) {
    throw new CliError('CLI_INPUT', `A SlapOS configuration directory already exist at ${node}. Aborting.`, {
      hint: 'Move it aside, or name another one with --slapos-configuration-directory.',
    });
  }
  await writeLocalConfiguration(settings, await ownCommand(settings));
  logger.info(`SlapOS configuration written to ${node}`);
  logger.info('Formatting the machine; there is no master to be told yet ...');
  const first = await context.format(node).catch((error: unknown) => {
    logger.info(`The machine could not be formatted. When that is mended, remove ${node} and run this again.`);
    throw error;
  });
  if (first !== EXIT_CODES.OK && first !== EXIT_CODES.NOT_POSTED) return first;
  await linkClientConfiguration(settings);
  logger.info('Starting the supervisor, and with it the master ...');
  const config = await loadConfigFile(node, 'node');
  const supervisor = await nodeSupervisorOf(config);
  await startSupervisor(supervisor, logger);
  // One that ran before has not read of the master yet.
  await connectSupervisor(supervisor, logger).update();
  await waitForMaster(settings, signal);
  const second = await context.format(node);
  if (second !== EXIT_CODES.OK) return second;
  logger.info(`This machine is a node of its own master, ${localMasterUrl(settings)}.`);
  logger.info(
    'Next: slapos supply URL local_computer, slapos node software, slapos request NAME URL, slapos node instance.',
  );
  return EXIT_CODES.OK;
}

async function waitForMaster(settings: LocalSettings, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  while (!(await answers(settings.listenIp, settings.listenPort))) {
    if (performance.now() - begun > MASTER_TIMEOUT_MS) {
      throw new CliError('CLI_TIMEOUT', `The master does not answer at ${localMasterUrl(settings)}.`, {
        hint: `Its log is ${localPaths(settings).logs}/slapos-proxy.log; the port may be taken.`,
      });
    }
    await delay(MASTER_INTERVAL_MS, undefined, { signal });
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: MASTER_INTERVAL_MS });
    const end = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}
