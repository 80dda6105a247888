import type { Config } from '@oclif/core';
import { beginInvocation } from './base/invocation.js';
import type { OwnCommandClass } from './base/slapos-command.js';
import { type CommandFacts, commandName } from './command-line/catalogue.js';
import { normaliseOptions } from './command-line/command-options.js';
import type { GlobalOptions } from './command-line/global-options.js';
import { EXIT_CODES } from './exit-codes.js';
import type { CommandLog } from './output/log.js';
import { ownPackage } from './plugins/own-package.js';
import { hasPlugins, pluginFolder } from './plugins/plugin-folder.js';

/** A command that was found, and what it runs with. */
export interface CommandRun {
  readonly root: string;
  /** Of this package. */
  readonly version: string;
  readonly facts: CommandFacts;
  readonly words: readonly string[];
  readonly log: CommandLog;
  readonly signal: AbortSignal;
  readonly options: GlobalOptions;
}

/** Loads the code of a command and runs it. @returns the exit code */
export async function runCommand({ root, version, facts, words, log, signal, options }: CommandRun): Promise<number> {
  let program: Promise<Config> | undefined;
  const loadProgram = (): Promise<Config> => (program ??= loadWholeProgram(root));
  beginInvocation({
    log,
    signal,
    debug: options.debug,
    colour: options.colour,
    hasLogFile: options.logFile !== undefined,
    commandId: facts.id,
    loadProgram,
  });
  const argv = argumentsFor(facts, words);
  // Plug-ins may bring the command, and hooks for ours.
  const code: unknown = (await hasPlugins(pluginFolder(process.env)))
    ? await (await loadProgram()).runCommand(facts.id, argv)
    : await runOwnCommand(facts.id, argv, ownPackage(root, version));
  return typeof code === 'number' ? code : EXIT_CODES.OK;
}

async function loadWholeProgram(root: string): Promise<Config> {
  const { loadOclifConfig } = await import('./plugins/load-config.js');
  return loadOclifConfig(root);
}

async function runOwnCommand(id: string, argv: readonly string[], config: Config): Promise<number> {
  const file = new URL(`./commands/${id.replaceAll(':', '/')}.js`, import.meta.url);
  const { default: command } = (await import(file.href)) as { readonly default: OwnCommandClass };
  return command.start(id, argv, config);
}

/** Words of a command without options of its own are another program's, and stay as they are. */
function argumentsFor(facts: CommandFacts, words: readonly string[]): string[] {
  const options = Object.values(facts.flags);
  return facts.strict === false && options.length === 0
    ? [...words]
    : normaliseOptions(commandName(facts.id), words, options);
}
