import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { listServices } from '../../client/service-rows.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { renderList } from '../../output/render-result.js';

/** `slapos service list` (spec: cli §4.4, ux-ideas §18). */
export default class ServiceList extends SlaposCommand {
  static override summary = 'List the title of all your slapos services';
  static override description =
    'Prints a JSON object of titles and Software Releases. As a table it also has state, status and type, for which the master is asked about each.';
  static override examples = ['slapos service list', 'slapos service list --output table'];
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ServiceList);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    const details = outputFormat(flags) === 'table';
    this.log(await renderList(await listServices({ client, details, signal: this.signal }), flags));
    return EXIT_CODES.OK;
  }
}
