import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core';
import { isSlapOSError } from '@slapos/host';
import { beginInvocation } from './base/invocation.js';
import { normaliseOptions } from './command-line/command-options.js';
import { explainError } from './command-line/explain-error.js';
import { findCommand } from './command-line/find-command.js';
import { liftGlobalOptions } from './command-line/global-options.js';
import { commandName, renderCommandHelp, renderGlobalHelp } from './command-line/help.js';
import { asUsageError } from './command-line/usage-error.js';
import { EXIT_CODES, exitCodeOfError } from './exit-codes.js';
import { CommandLog } from './output/log.js';

/** Arguments of these are another program's, once ours have been taken. */
const PASSES_ON = new Set([
  'node supervisorctl',
  'node status',
  'node start',
  'node stop',
  'node restart',
  'node tail',
]);

/**
 * Runs one `slapos` command line.
 * @param argv the words behind `slapos`
 * @param root where the package lies: a file of it as a URL
 * @returns the exit code
 */
export async function main(argv: readonly string[], root: string): Promise<number> {
  let log = new CommandLog({ level: 'info', showTime: true, colour: false, showStacks: false });
  let command = '';
  try {
    const { options, rest } = liftGlobalOptions(argv);
    log = new CommandLog({
      level: options.level,
      showTime: options.showTime,
      colour: process.stderr.isTTY && !process.env['NO_COLOR'],
      showStacks: options.debug,
      file: options.logFile,
    });
    const config = await Config.load({ root: fileURLToPath(root) });
    if (options.version) {
      process.stdout.write(`slapos ${config.version} (Node.js ${process.versions.node})\n`);
      return EXIT_CODES.OK;
    }
    if (rest.length === 0) {
      process.stdout.write(`${renderGlobalHelp(config)}\n`);
      return EXIT_CODES.OK;
    }
    const found = findCommand(rest, config.commandIDs.map(commandName));
    command = found.name;
    const loadable = config.findCommand(found.name.replaceAll(' ', ':'), { must: true });
    if (options.help) {
      process.stdout.write(`${renderCommandHelp(loadable)}\n`);
      return EXIT_CODES.OK;
    }
    const signal = abortOnSignals(log);
    beginInvocation({ log, signal, debug: options.debug, hasLogFile: options.logFile !== undefined });
    const args = PASSES_ON.has(found.name)
      ? found.rest
      : normaliseOptions(found.name, found.rest, Object.values(loadable.flags));
    const code = await config.runCommand<number>(loadable.id, args);
    return typeof code === 'number' ? code : EXIT_CODES.OK;
  } catch (error) {
    return report(command, asUsageError(command, error), log);
  }
}

/** Says what failed, why, and what to do; the stack goes to the log file, and to the console when it is asked for. */
function report(command: string, error: unknown, log: CommandLog): number {
  if (isSlapOSError(error)) {
    const lines = [explainError(command, error), ...(error.hint === undefined ? [] : [`      hint: ${error.hint}`])];
    if (error.code === 'CLI_UNKNOWN_COMMAND') log.critical(lines.join('\n'));
    else log.error(lines.join('\n'));
    log.debug('It came from', { error });
    return exitCodeOfError(error.code);
  }
  if (error instanceof Error && error.name === 'AbortError') {
    log.warn('Interrupted.');
    return EXIT_CODES.INTERRUPTED;
  }
  log.error('This should not have happened', { error });
  return EXIT_CODES.FAILED;
}

/** The first signal asks the command to end, the second ends it. */
function abortOnSignals(log: CommandLog): AbortSignal {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.INTERRUPTED);
    log.info(`Received ${name}: ending after the current step. Once more ends at once.`);
    controller.abort(new DOMException(`Received ${name}`, 'AbortError'));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
