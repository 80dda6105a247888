import { isSlapOSError, LinuxCommandRunner, LinuxUserDatabase } from '@slapos/host';
import {
  createSupervisordAdapter,
  runSupervisorInForeground,
  type Supervisor,
  type SupervisorKind,
  supervisorPaths,
  writeSupervisorEnvironment,
} from '@slapos/supervisor';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ConfigFile } from '../config/config-file.js';
import { readBoolean } from '../config/read-boolean.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

/** The instance root that a configuration names; it must exist (spec: cli §3.12). */
export async function instanceRootOf(config: ConfigFile): Promise<string> {
  const configured = config.value('slapos', 'instance_root');
  if (!configured)
    throw new CliError('CLI_CONFIGURATION', 'Missing mandatory parameters: instance_root', {
      hint: `Set it in [slapos] of ${config.file}.`,
    });
  const instanceRoot = path.resolve(configured);
  const isFolder = await stat(instanceRoot).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new CliError('CLI_CONFIGURATION', `${instanceRoot} does not exist.`, {
      hint: 'slapos node format makes it.',
    });
  return instanceRoot;
}

/** A node's supervisor, as its configuration describes it. */
export interface NodeSupervisor {
  readonly instanceRoot: string;
  /** What is started when none runs. */
  readonly kind: SupervisorKind;
}

/** @throws CliError `CLI_CONFIGURATION` */
export async function nodeSupervisorOf(config: ConfigFile): Promise<NodeSupervisor> {
  const instanceRoot = await instanceRootOf(config);
  return { instanceRoot, kind: await supervisorKindOf(config) };
}

/** Most configurations leave the choice to us: only for a choice of theirs is it worth while to load what checks it. */
async function supervisorKindOf(config: ConfigFile): Promise<SupervisorKind> {
  if (config.value('slapos', 'supervisor') === undefined) return 'auto';
  const { readSupervisorKind } = await import('../config/supervisor-kind.js');
  return readSupervisorKind(config);
}

/** The supervisor of a node; nothing is started yet. */
export function connectSupervisor({ instanceRoot, kind }: NodeSupervisor, logger: CommandLog): Supervisor {
  return createSupervisordAdapter({ instanceRoot, commands: commandRunner(logger), logger, kind });
}

/** The machine's commands alone: its disks and networks take time to load. */
function commandRunner(logger: CommandLog): LinuxCommandRunner {
  return new LinuxCommandRunner({ users: new LinuxUserDatabase(), logger });
}

/** Makes sure that the supervisor runs, with the configuration that it needs. */
export async function startSupervisor(node: NodeSupervisor, logger: CommandLog): Promise<void> {
  const isConfigured = await stat(supervisorPaths(node.instanceRoot).configuration).then(
    () => true,
    () => false,
  );
  // What a pass wrote knows the watchdog; a first one without it is repaired by the next pass.
  if (!isConfigured) await writeSupervisorEnvironment({ instanceRoot: node.instanceRoot });
  await connectSupervisor(node, logger).ensureRunning();
}

/**
 * Runs the supervisor until it ends, unless one runs already (spec: supervisor §4.4).
 * @returns its exit status
 */
export async function runSupervisorUntilEnd(
  node: NodeSupervisor,
  logger: CommandLog,
  signal: AbortSignal,
): Promise<number> {
  if (await connectSupervisor(node, logger).isRunning()) {
    logger.debug('Supervisord already running.');
    return 0;
  }
  await writeSupervisorEnvironment({ instanceRoot: node.instanceRoot });
  const commands = commandRunner(logger);
  const paths = supervisorPaths(node.instanceRoot);
  return (await runSupervisorInForeground({ commands, logger, kind: node.kind, paths }, signal)) ?? 1;
}

/** Whether commands must not start a supervisor by themselves (spec: cli §3.13). */
export function isLaunchForbidden(config: ConfigFile): boolean {
  return readBoolean(config, 'slapos', 'forbid_supervisord_automatic_launch') ?? false;
}

/**
 * Hands words to the stock supervisorctl of this node, on our terminal, or to our own where that is not installed; starts the supervisor
 * first unless that is forbidden (spec: cli §3.13).
 * @returns its exit status
 */
export async function runSupervisorctl(
  config: ConfigFile,
  words: readonly string[],
  logger: CommandLog,
  signal: AbortSignal,
): Promise<number> {
  const node = await nodeSupervisorOf(config);
  const { instanceRoot } = node;
  if (!isLaunchForbidden(config)) await startSupervisor(node, logger);
  try {
    const { exitCode } = await commandRunner(logger).run({
      file: 'supervisorctl',
      args: ['-c', supervisorPaths(instanceRoot).configuration, ...words],
      inheritTerminal: true,
    });
    return exitCode ?? 1;
  } catch (error) {
    if (!isSlapOSError(error) || error.code !== 'HOST_COMMAND_NOT_FOUND') throw error;
    const { runOwnSupervisorctl } = await import('./own-supervisorctl.js');
    return runOwnSupervisorctl(instanceRoot, words, signal);
  }
}

/** Takes our own `--cfg` out of the words of a command whose others belong to supervisorctl. */
export function takeConfigOption(words: readonly string[]): {
  readonly cfg: string | undefined;
  readonly rest: string[];
} {
  const rest: string[] = [];
  let cfg: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    // Behind its first word everything is supervisorctl's.
    if (rest.length > 0) rest.push(word);
    else if (word === '--cfg') cfg = words[(index += 1)];
    else if (word.startsWith('--cfg=')) cfg = word.slice('--cfg='.length);
    else rest.push(word);
  }
  return { cfg, rest };
}
