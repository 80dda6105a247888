import { createLinuxHost } from '@slapos/host';
import {
  createSupervisordAdapter,
  type Supervisor,
  supervisorPaths,
  writeSupervisorEnvironment,
} from '@slapos/supervisor';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

const TRUE_WORDS = new Set(['true', 'yes', 'on', '1']);

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

/** The supervisor of a node; nothing is started yet. */
export function supervisorOf(instanceRoot: string, logger: CommandLog): Supervisor {
  return createSupervisordAdapter({ instanceRoot, commands: createLinuxHost({ logger }).commands, logger });
}

/** Makes sure that the supervisor runs, with the configuration that it needs. */
export async function startSupervisor(instanceRoot: string, logger: CommandLog): Promise<void> {
  const isConfigured = await stat(supervisorPaths(instanceRoot).configuration).then(
    () => true,
    () => false,
  );
  // What a pass wrote knows the watchdog; a first one without it is repaired by the next pass.
  if (!isConfigured) await writeSupervisorEnvironment({ instanceRoot });
  await supervisorOf(instanceRoot, logger).ensureRunning();
}

/**
 * Hands words to the stock supervisorctl of this node, on our terminal; starts the supervisor first unless that is forbidden
 * (spec: cli §3.13).
 * @returns its exit status
 */
export async function runSupervisorctl(
  config: ConfigFile,
  words: readonly string[],
  logger: CommandLog,
): Promise<number> {
  const instanceRoot = await instanceRootOf(config);
  const forbidden = TRUE_WORDS.has(
    config.value('slapos', 'forbid_supervisord_automatic_launch')?.trim().toLowerCase() ?? '',
  );
  if (!forbidden) await startSupervisor(instanceRoot, logger);
  const { exitCode } = await createLinuxHost({ logger }).commands.run({
    file: 'supervisorctl',
    args: ['-c', supervisorPaths(instanceRoot).configuration, ...words],
    inheritTerminal: true,
  });
  return exitCode ?? 1;
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
