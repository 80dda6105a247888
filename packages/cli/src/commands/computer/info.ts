import { Args } from '@oclif/core';
import { isSlapError } from '@slapos/slap';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { renderOne } from '../../output/render-result.js';

/** `slapos computer info` (spec: cli §4.6). */
export default class ComputerInfo extends SlaposCommand {
  static override summary = 'get information about a computer';
  static override description =
    'Prints the reference and the title of a computer of yours. Exit code 2: there is none.';
  static override examples = ['slapos computer info COMP-1234'];
  static override args = { reference: Args.string({ required: true, description: 'reference of the computer' }) };
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ComputerInfo);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    try {
      const fields = await client.registerComputer(args.reference).getInformation({ signal: this.signal });
      const content = { reference: textOf(fields['reference']), title: textOf(fields['title']) };
      const text = (): string => `Computer Reference: ${content.reference}\nComputer Title    : ${content.title}`;
      this.log(await renderOne({ kind: 'Computer', content, text }, flags));
      return EXIT_CODES.OK;
    } catch (error) {
      if (!isSlapError(error) || outputFormat(flags) !== 'text') throw error;
      // On standard output, where scripts have always looked for them.
      if (isSlapError(error, 'SLAP_NOT_FOUND')) this.log(`Computer ${args.reference} does not exist.`);
      else if (isSlapError(error, 'SLAP_NOT_READY')) this.log('Computer does not exist or is not ready yet.');
      else throw error;
      return EXIT_CODES.NOT_READY;
    }
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
