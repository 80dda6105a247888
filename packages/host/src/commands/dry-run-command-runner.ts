import { HostError } from '../errors.js';
import type { Command, CommandResult, CommandRunner } from './command.js';

/** Records the commands instead of running them; each is a quiet success. What only reads can be let through. */
export class DryRunCommandRunner implements CommandRunner {
  readonly #real: CommandRunner;
  readonly #onlyReads: (command: Command) => boolean;
  readonly #commands: Command[] = [];

  /** @param onlyReads whether a command changes nothing and may run for real. Default: none may. */
  constructor(real: CommandRunner, onlyReads: (command: Command) => boolean = () => false) {
    this.#real = real;
    this.#onlyReads = onlyReads;
  }

  /** What would have been run, in order. */
  get commands(): readonly Command[] {
    return this.#commands;
  }

  async run(command: Command, options: { readonly signal?: AbortSignal } = {}): Promise<CommandResult> {
    if (this.#onlyReads(command)) return this.#real.run(command, options);
    if (options.signal?.aborted === true) {
      throw new HostError(
        'HOST_COMMAND_ABORTED',
        `${JSON.stringify(command.file)} was stopped because we were asked to`,
      );
    }
    this.#commands.push(command);
    return { exitCode: 0, signal: null, output: '', stderr: '', timedOut: false, durationMs: 0 };
  }
}
