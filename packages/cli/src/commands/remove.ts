import { Args } from '@oclif/core';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { openClient } from '../client/session.js';
import { EXIT_CODES } from '../exit-codes.js';

/** `slapos remove` (spec: cli §4.3). */
export default class Remove extends SlaposCommand {
  static override summary = 'remove a Software from a node';
  static override examples = ['slapos remove https://example.org/software.cfg COMP-1234'];
  static override args = {
    software_url: Args.string({ required: true, description: 'URL of the Software Release' }),
    node: Args.string({ required: true, description: 'reference of the computer' }),
  };
  static override flags = { cfg: configFlag };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Remove);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    this.logger.info(`Requesting deletion of ${args.software_url} Software Release...`);
    await client
      .registerSupply()
      .supply(
        { softwareReleaseUrl: args.software_url, computerId: args.node, state: 'destroyed' },
        { signal: this.signal },
      );
    this.logger.info('Done.');
    return EXIT_CODES.OK;
  }
}
