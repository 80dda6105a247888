import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { EventClient } from '../../client/event-stream.js';
import { requestForState, requireInstance } from '../../client/known-instance.js';
import { masterAccess, openClient } from '../../client/session.js';
import { WAIT_GOALS, waitFlags, waitForInstance } from '../../client/wait-for-instance.js';
import { EXIT_CODES } from '../../exit-codes.js';

const NORMAL_STATES: Readonly<Record<string, string>> = {
  start_requested: 'started',
  stop_requested: 'stopped',
  destroy_requested: 'destroyed',
};

/** `slapos service wait` (spec: ux-ideas §18). */
export default class ServiceWait extends SlaposCommand {
  static override summary = 'wait until an instance is ready';
  static override description =
    'Repeats the request as it is until what --for names is there. Exit code 124: it did not come in time.';
  static override examples = ['slapos service wait my-web --for url --timeout 15m'];
  static override args = { reference: Args.string({ required: true, description: 'your name for the instance' }) };
  static override flags = {
    cfg: configFlag,
    for: Flags.string({
      description: `${WAIT_GOALS.join(', ')}, or the name of a connection parameter`,
      default: 'published',
      helpValue: 'GOAL',
    }),
    timeout: waitFlags.timeout,
    interval: waitFlags.interval,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ServiceWait);
    const { logger, signal } = this;
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, logger);
    const events = new EventClient(masterAccess(config), logger);
    const known = await requireInstance(client, args.reference, signal);
    const said = known.information.requestedState ?? 'started';
    const request = requestForState(args.reference, known, NORMAL_STATES[said] ?? said);
    const goal = WAIT_GOALS.find((name) => name === flags.for);
    const wanted = goal === undefined ? { 'wait-for': flags.for } : { wait: goal };
    await waitForInstance({ client, events, request, flags: { ...flags, ...wanted }, logger, signal });
    logger.info('Done.');
    return EXIT_CODES.OK;
  }
}
