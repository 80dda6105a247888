import { Args } from '@oclif/core';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { searchMaster } from '../client/search.js';
import { openClient } from '../client/session.js';
import { EXIT_CODES } from '../exit-codes.js';
import { outputFlags } from '../output/output-flags.js';
import { renderList } from '../output/render-result.js';

/** `slapos search`. */
export default class Search extends SlaposCommand {
  static override summary = 'find services and computers of yours by a part of their name';
  static override description =
    'Looks in titles, references and addresses of Software Releases; upper and lower case are the same. Exit code 2: nothing was found.';
  static override examples = ['slapos search web', 'slapos search mariadb --json'];
  static override args = { text: Args.string({ required: true, description: 'what to look for' }) };
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Search);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    const found = await searchMaster(client, args.text, this.signal);
    const output = await renderList(found, flags);
    if (output !== '') this.log(output);
    if (found.items.length > 0) return EXIT_CODES.OK;
    this.logger.warn(`Nothing of yours has ${JSON.stringify(args.text)} in its name.`);
    return EXIT_CODES.NOT_READY;
  }
}
