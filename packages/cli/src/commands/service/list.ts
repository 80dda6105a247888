import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { asciiJson } from '../../output/ascii-json.js';

/** `slapos service list` (spec: cli §4.4). */
export default class ServiceList extends SlaposCommand {
  static override summary = 'List the title of all your slapos services';
  static override flags = { cfg: configFlag };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ServiceList);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    const trees = await client.getOpenOrderDict({ signal: this.signal });
    const titles = Object.keys(trees).sort();
    this.log(asciiJson(Object.fromEntries(titles.map((title) => [title, trees[title]?.['url_string'] ?? null]))));
    return EXIT_CODES.OK;
  }
}
