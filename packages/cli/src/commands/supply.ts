import { Args } from '@oclif/core';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { openClient } from '../client/session.js';
import { resolveSoftwareUrl } from '../client/software-url.js';
import { EXIT_CODES } from '../exit-codes.js';

/** `slapos supply` (spec: cli §4.3). */
export default class Supply extends SlaposCommand {
  static override summary = 'supply a Software to a node';
  static override examples = ['slapos supply https://example.org/software.cfg COMP-1234'];
  static override args = {
    software_url: Args.string({ required: true, description: 'URL of the Software Release, or product.NAME' }),
    node: Args.string({ required: true, description: 'reference of the computer' }),
  };
  static override flags = { cfg: configFlag };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Supply);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    this.logger.info(`Requesting software installation of ${args.software_url}...`);
    const softwareReleaseUrl = await resolveSoftwareUrl(args.software_url, client, this.logger);
    await client
      .registerSupply()
      .supply({ softwareReleaseUrl, computerId: args.node, state: 'available' }, { signal: this.signal });
    this.logger.info('Done.');
    return EXIT_CODES.OK;
  }
}
