import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { listComputers } from '../../client/computer-rows.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags } from '../../output/output-flags.js';
import { renderList } from '../../output/render-result.js';

/** `slapos computer list` (spec: cli §4.6). */
export default class ComputerList extends SlaposCommand {
  static override summary = 'list your computers';
  static override examples = ['slapos computer list --output table'];
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ComputerList);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    this.log(await renderList(await listComputers(client, this.signal), flags));
    return EXIT_CODES.OK;
  }
}
