import { beginInvocation } from './base/invocation.js';
import { type CommandFacts, commandName } from './command-line/catalogue.js';
import { normaliseOptions } from './command-line/command-options.js';
import type { GlobalOptions } from './command-line/global-options.js';
import { EXIT_CODES } from './exit-codes.js';
import type { CommandLog } from './output/log.js';
import { loadOclifConfig } from './plugins/load-config.js';

/** A command that was found, and what it runs with. */
export interface CommandRun {
  readonly root: string;
  readonly facts: CommandFacts;
  readonly words: readonly string[];
  readonly log: CommandLog;
  readonly signal: AbortSignal;
  readonly options: GlobalOptions;
}

/** Loads the code of a command and runs it. @returns the exit code */
export async function runCommand({ root, facts, words, log, signal, options }: CommandRun): Promise<number> {
  const config = await loadOclifConfig(root);
  beginInvocation({
    log,
    signal,
    debug: options.debug,
    colour: options.colour,
    hasLogFile: options.logFile !== undefined,
    commandId: facts.id,
  });
  const code: unknown = await config.runCommand(facts.id, argumentsFor(facts, words));
  return typeof code === 'number' ? code : EXIT_CODES.OK;
}

/** Words of a command without options of its own are another program's, and stay as they are. */
function argumentsFor(facts: CommandFacts, words: readonly string[]): string[] {
  const options = Object.values(facts.flags);
  return facts.strict === false && options.length === 0
    ? [...words]
    : normaliseOptions(commandName(facts.id), words, options);
}
