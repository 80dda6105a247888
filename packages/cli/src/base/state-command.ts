import { Args } from '@oclif/core';
import { EventClient } from '../client/event-stream.js';
import { type KnownInstance, requestForState, requireInstance } from '../client/known-instance.js';
import { masterAccess, openClient } from '../client/session.js';
import {
  isWaiting,
  waitFlags,
  type WaitFlagValues,
  waitForInstance,
  withWaitGoal,
} from '../client/wait-for-instance.js';
import { EXIT_CODES } from '../exit-codes.js';
import { configFlag, SlaposCommand } from './slapos-command.js';

/** The argument of {@link StateCommand}. */
export const stateArgs = { reference: Args.string({ required: true, description: 'your name for the instance' }) };
/** The options of {@link StateCommand}. */
export const stateFlags = { cfg: configFlag, ...waitFlags };

interface StateOptions extends WaitFlagValues {
  readonly cfg?: string | undefined;
}

/** A command that requests another state of an instance and leaves all else as it is (spec: ux-ideas §18). */
export abstract class StateCommand extends SlaposCommand {
  static override args = stateArgs;

  protected abstract readonly state: 'started' | 'stopped' | 'destroyed';

  override async run(): Promise<number> {
    this.argv = withWaitGoal(this.argv);
    const { args, flags } = await this.parse({ args: stateArgs, flags: stateFlags });
    return this.requestState(args.reference, flags);
  }

  /** @param confirm is called before anything is sent, and throws when the user does not want it */
  protected async requestState(
    reference: string,
    options: StateOptions,
    confirm?: (known: KnownInstance) => Promise<void>,
  ): Promise<number> {
    const { logger, signal, state } = this;
    const config = await this.loadConfig('client', options.cfg);
    await using client = openClient(config, logger);
    const known = await requireInstance(client, reference, signal);
    await confirm?.(known);
    const request = requestForState(reference, known, state);
    logger.info(`Requesting ${reference} to be ${state} ...`);
    await client.registerOpenOrder().request(request, { signal });
    if (isWaiting(options)) {
      const events = new EventClient(masterAccess(config), logger);
      await waitForInstance({ client, events, request, flags: options, logger, signal });
      logger.info(`Instance ${reference} is ${state}.`);
    } else logger.info('Done.');
    return EXIT_CODES.OK;
  }
}
