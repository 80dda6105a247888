import { Flags } from '@oclif/core';
import { withWaitGoal } from '../client/wait-for-instance.js';
import { ask, canAsk } from '../console/prompt.js';
import { CliError } from '../errors.js';
import { treeSizeHere } from '../node/tree-size.js';
import { StateCommand, stateArgs, stateFlags } from './state-command.js';

const NEEDS_YES = 'With --yes it is not asked for.';

/** The options of {@link DestroyCommand}. */
export const destroyFlags = {
  ...stateFlags,
  yes: Flags.boolean({ description: 'do not ask; needed where there is no terminal' }),
};

/** A command that destroys an instance, once its name was typed again (spec: ux-ideas §18, §22). */
export abstract class DestroyCommand extends StateCommand {
  protected override readonly state = 'destroyed';

  override async run(): Promise<number> {
    this.argv = withWaitGoal(this.argv);
    const { args, flags } = await this.parse({ args: stateArgs, flags: destroyFlags });
    const { reference } = args;
    if (!flags.yes && !canAsk()) {
      throw new CliError('CLI_USAGE', `${this.#name()}: error: destroying ${reference} wants to be confirmed`, {
        hint: `There is no terminal to ask on. ${NEEDS_YES}`,
      });
    }
    return this.requestState(reference, flags, async ({ information }) => {
      if (flags.yes) return;
      const release = information.softwareReleaseUrl ?? 'an unknown release';
      const size = await treeSizeHere(reference, this.logger);
      const here = size === undefined ? '' : `; on this machine: ${size}`;
      this.logger.info(`This destroys ${reference}, an instance of ${release}, with all its data${here}.`);
      const question = `Type its name to go on: `;
      const typed = await ask({ question, otherwise: NEEDS_YES, signal: this.signal });
      if (typed.trim() === reference) return;
      throw new CliError('CLI_INPUT', `${JSON.stringify(typed.trim())} is not its name, so nothing is destroyed.`);
    });
  }

  #name(): string {
    return `slapos ${(this.id ?? '').replaceAll(':', ' ')}`;
  }
}
