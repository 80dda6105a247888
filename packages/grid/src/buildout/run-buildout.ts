import { type Command, type CommandRunner, isSlapOSError, type Logger, type UserIdentity } from '@slapos/host';

import { BuildError } from '../errors.js';
import { explainOutput, partOfLine } from './build-output.js';
import type { BuildCommonOptions } from './builder.js';
import { explainMissingInterpreter } from './bootstrap-program.js';

/** Files of a build are for the owner and his group. (spec: grid 15.1) */
const BUILD_UMASK = 0o027;
const DEBUG_OUTPUT = '(the output went to the terminal, because of --buildout-debug)';
const MILLISECONDS_PER_SECOND = 1000;

/** One run of buildout, or of a program that prepares it. */
export interface BuildCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The script that `file` interprets, for messages. */
  readonly script: string;
  /** Where it runs. */
  readonly directory: string;
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly umask?: number | 'inherited';
  /** What failed, for a message: `Failed to run …`. */
  readonly failure: string;
}

function userOption(user: UserIdentity | undefined): Pick<Command, 'user'> {
  return user === undefined ? {} : { user };
}

/**
 * Runs one command of a build as its user and reports each line as it comes.
 * @throws BuildError when it fails, dies, cannot be started or runs out of time. (spec: grid 15.3, 15.6)
 */
export async function runBuildCommand(
  command: BuildCommand,
  options: BuildCommonOptions,
  ports: { readonly commands: CommandRunner; readonly logger: Logger },
  signal: AbortSignal | undefined,
): Promise<void> {
  const isDebug = options.debug === true;
  const { directory } = command;
  const fail = (
    code: 'GRID_BUILD_FAILED' | 'GRID_BUILD_TIMED_OUT',
    message: string,
    output: string,
    { cause, exitCode }: { readonly cause?: unknown; readonly exitCode?: number } = {},
  ): BuildError => {
    const { excerpt, part } = explainOutput(output);
    return new BuildError(
      code,
      message,
      {
        output,
        excerpt,
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(part === undefined ? {} : { part }),
        ...(options.logPath === undefined ? {} : { logPath: options.logPath }),
      },
      {
        ...(cause === undefined ? {} : { cause }),
        ...(options.logPath === undefined ? {} : { hint: `The whole output is in ${options.logPath}` }),
      },
    );
  };
  const onLine = (line: string): void => {
    options.onLine?.(line);
    const part = partOfLine(line);
    if (part !== undefined) options.onPart?.(part);
  };
  const run = (): ReturnType<CommandRunner['run']> =>
    ports.commands.run(
      {
        file: command.file,
        args: command.args,
        cwd: directory,
        env: { ...command.env, HOME: command.home },
        ...userOption(options.user),
        ...(command.umask === 'inherited' ? {} : { umask: command.umask ?? BUILD_UMASK }),
        ...(command.timeoutMs === undefined ? {} : { timeoutMs: command.timeoutMs }),
        ...(isDebug ? { inheritTerminal: true } : { onLine }),
        killLeftovers: !isDebug,
        // A pass that is killed must not leave a build that races with the next pass.
        dieWithUs: true,
      },
      signal === undefined ? {} : { signal },
    );
  let result;
  try {
    result = await explainMissingInterpreter(command.script, command, run);
  } catch (error) {
    if (
      isSlapOSError(error) &&
      (error.code === 'HOST_COMMAND_NOT_FOUND' || error.code === 'HOST_COMMAND_FAILED_TO_START')
    ) {
      throw fail('GRID_BUILD_FAILED', command.failure, error.message, { cause: error });
    }
    throw error;
  }
  const output = isDebug ? DEBUG_OUTPUT : result.output;
  if (result.timedOut) {
    const seconds = (command.timeoutMs ?? 0) / MILLISECONDS_PER_SECOND;
    throw fail(
      'GRID_BUILD_TIMED_OUT',
      `${command.failure}: it was not done after ${String(seconds)} s and was killed`,
      output,
    );
  }
  if (result.exitCode !== 0) {
    ports.logger.error(command.failure);
    const killed = result.signal === null ? '' : `\n(killed by ${result.signal})`;
    throw fail(
      'GRID_BUILD_FAILED',
      command.failure,
      output + killed,
      result.exitCode === null ? {} : { exitCode: result.exitCode },
    );
  }
}
