import { Args } from '@oclif/core';
import { isSlapError } from '@slapos/slap';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { openClient } from '../../client/session.js';
import { EXIT_CODES } from '../../exit-codes.js';

/** `slapos computer info` (spec: cli §4.6). */
export default class ComputerInfo extends SlaposCommand {
  static override summary = 'get information about a computer';
  static override description =
    'Prints the reference and the title of a computer of yours. Exit code 2: there is none.';
  static override examples = ['slapos computer info COMP-1234'];
  static override args = { reference: Args.string({ required: true, description: 'reference of the computer' }) };
  static override flags = { cfg: configFlag };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ComputerInfo);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    try {
      const fields = await client.registerComputer(args.reference).getInformation({ signal: this.signal });
      this.log(`Computer Reference: ${textOf(fields['reference'])}`);
      this.log(`Computer Title    : ${textOf(fields['title'])}`);
      return EXIT_CODES.OK;
    } catch (error) {
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
