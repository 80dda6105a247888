import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeSupervisorEnvironment } from '@slapos/supervisor';
import { loadConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { watchdogCommand } from '../node/node-pass.js';
import { connectSupervisor, nodeSupervisorOf } from '../node/supervisor-commands.js';
import type { CommandLog } from '../output/log.js';
import {
  COMPUTER_ID,
  finishLocalConfiguration,
  linkClientConfiguration,
  type LocalSettings,
  localMasterUrl,
  localPaths,
  MASTER_PROGRAM,
  ownCommand,
  writeLocalConfiguration,
} from './local-files.js';
import { exists } from './write-files.js';

const MASTER_TIMEOUT_MS = 60_000;
const MASTER_INTERVAL_MS = 100;
const MAX_LOG_END = 1000;

/** What setting up a machine needs. */
export interface LocalContext {
  /** Runs `slapos node format` with this configuration; gives its exit code. */
  readonly format: (file: string) => Promise<number>;
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
  /** Folder of this package, where the watchdog is. */
  readonly packageRoot: string;
}

/**
 * Sets up one machine with its own master, from nothing to ready (spec: cli §5.2). One that fails or is killed on the way is begun again.
 * @returns the exit code
 * @throws CliError `CLI_INPUT` when the machine is configured already or something else has the port, `CLI_TIMEOUT` when the master does not
 *   come up
 */
export async function configureLocal(settings: LocalSettings, context: LocalContext): Promise<number> {
  const { logger } = context;
  const { node, unfinished } = localPaths(settings);
  if (await exists(node)) {
    throw new CliError('CLI_INPUT', `A SlapOS configuration directory already exist at ${node}. Aborting.`, {
      hint: 'Move it aside, or name another one with --slapos-configuration-directory.',
    });
  }
  await freePort(settings, logger);
  await writeLocalConfiguration(settings, await ownCommand(settings));
  logger.info(`Formatting the machine with ${unfinished}; there is no master to be told yet ...`);
  const first = await context.format(unfinished).catch((error: unknown) => {
    logger.info('The machine could not be formatted. When that is mended, run this again.');
    throw error;
  });
  if (first !== EXIT_CODES.OK && first !== EXIT_CODES.NOT_POSTED) return first;
  logger.info('Starting the supervisor, and with it the master ...');
  await startMaster(settings, context);
  const second = await context.format(unfinished);
  if (second !== EXIT_CODES.OK) return second;
  await finishLocalConfiguration(settings);
  await linkClientConfiguration(settings);
  logger.info(`SlapOS configuration written to ${node}`);
  logger.info(`This machine is a node of its own master, ${localMasterUrl(settings)}.`);
  logger.info(
    `Next: slapos supply URL ${COMPUTER_ID}, slapos node software, slapos request NAME URL, slapos node instance.`,
  );
  return EXIT_CODES.OK;
}

/** The master of a run before this one is stopped; anything else that has its port would be taken for it. */
async function freePort(settings: LocalSettings, logger: CommandLog): Promise<void> {
  await using supervisor = connectSupervisor({ instanceRoot: settings.instanceRoot, kind: 'auto' }, logger);
  if (await supervisor.isRunning()) await supervisor.stopGroup(MASTER_PROGRAM);
  if (!(await answers(settings.listenIp, settings.listenPort))) return;
  throw new CliError('CLI_INPUT', `Something else listens at ${localMasterUrl(settings)}; nothing was changed.`, {
    hint: 'Stop it, or give the master another port with --daemon-listen-port.',
  });
}

async function startMaster(settings: LocalSettings, { logger, signal, packageRoot }: LocalContext): Promise<void> {
  const config = await loadConfigFile(localPaths(settings).unfinished, 'node');
  const node = await nodeSupervisorOf(config);
  await writeSupervisorEnvironment({
    instanceRoot: node.instanceRoot,
    watchdog: {
      program: watchdogCommand(packageRoot, {}),
      masterUrl: localMasterUrl(settings),
      computerId: COMPUTER_ID,
    },
  });
  await using supervisor = connectSupervisor(node, logger);
  await supervisor.ensureRunning();
  // One that ran before has not read of the master yet.
  await supervisor.update();
  await supervisor.startGroup(MASTER_PROGRAM);
  await waitForMaster(settings, signal);
}

async function waitForMaster(settings: LocalSettings, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  while (!(await answers(settings.listenIp, settings.listenPort))) {
    if (performance.now() - begun > MASTER_TIMEOUT_MS) {
      const log = path.join(localPaths(settings).logs, 'slapos-proxy.log');
      const text = await readFile(log, 'utf8').catch(() => '');
      throw new CliError('CLI_TIMEOUT', `The master does not answer at ${localMasterUrl(settings)}.`, {
        cause: new Error(`its log ${log} ends with: ${text.trimEnd().slice(-MAX_LOG_END)}`),
        hint: 'When that is mended, run this again.',
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
