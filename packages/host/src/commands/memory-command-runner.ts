import { HostError } from '../errors.js';
import type { Command, CommandResult, CommandRunner } from './command.js';

/** What a scripted command says and how it ends; what is absent is a quiet success. */
export type ScriptedResult = Partial<CommandResult>;

const QUIET_SUCCESS: CommandResult = {
  exitCode: 0,
  signal: null,
  output: '',
  stderr: '',
  timedOut: false,
  durationMs: 0,
};

function reportLines(command: Command, text: string, stream: 'stdout' | 'stderr'): void {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) command.onLine?.(line, stream);
}

/** Runs nothing: records each command, and answers what the script says. */
export class MemoryCommandRunner implements CommandRunner {
  /** Every command that was asked for, in order. */
  readonly commands: Command[] = [];
  readonly #script: (command: Command) => ScriptedResult | undefined | Promise<ScriptedResult | undefined>;

  /** @param script what a command answers, or throws; `undefined` is a quiet success. Default: always that. */
  constructor(
    script: (command: Command) => ScriptedResult | undefined | Promise<ScriptedResult | undefined> = () => undefined,
  ) {
    this.#script = script;
  }

  async run(command: Command, options: { readonly signal?: AbortSignal } = {}): Promise<CommandResult> {
    if (options.signal?.aborted === true) {
      throw new HostError(
        'HOST_COMMAND_ABORTED',
        `${JSON.stringify(command.file)} was stopped because we were asked to`,
      );
    }
    this.commands.push(command);
    const result = { ...QUIET_SUCCESS, ...(await this.#script(command)) };
    reportLines(command, result.output, 'stdout');
    reportLines(command, result.stderr, 'stderr');
    return result;
  }
}
