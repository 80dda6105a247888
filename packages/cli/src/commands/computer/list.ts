import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';

/** `slapos computer list` (spec: cli §4.6). */
export default class ComputerList extends SlaposCommand {
  static override summary = 'list your computers';
  static override flags = { cfg: configFlag };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ComputerList);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    const computers = Object.entries(await client.getComputerDict({ signal: this.signal }));
    if (computers.length === 0) {
      this.log('No existing computer.');
      return EXIT_CODES.OK;
    }
    this.log('List of Computers:');
    for (const [title, { reference }] of computers) this.log(`${String(reference)} ${title}`);
    return EXIT_CODES.OK;
  }
}
