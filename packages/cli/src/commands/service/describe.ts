import { Args } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { requireInstance } from '../../client/known-instance.js';
import { describeService } from '../../client/service-description.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags } from '../../output/output-flags.js';
import { renderOne } from '../../output/render-result.js';

/** `slapos service describe` (spec: ux-ideas §18). */
export default class ServiceDescribe extends SlaposCommand {
  static override summary = 'show an instance on one screen';
  static override description = 'State, release, parameters, what it publishes, and its last news.';
  static override examples = ['slapos service describe my-web', 'slapos service describe my-web --output yaml'];
  static override args = { reference: Args.string({ required: true, description: 'your name for the instance' }) };
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ServiceDescribe);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    const known = await requireInstance(client, args.reference, this.signal);
    this.log(await renderOne(describeService(args.reference, known), flags));
    return EXIT_CODES.OK;
  }
}
