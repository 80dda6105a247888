import { isSlapError } from '@slapos/slap';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { openClient } from '../../client/session.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags } from '../../output/output-flags.js';
import { renderOne } from '../../output/render-result.js';

/** `slapos computer token` (spec: cli §4.6). */
export default class ComputerToken extends SlaposCommand {
  static override summary = 'get a token with which a computer can be registered';
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ComputerToken);
    await using client = openClient(await this.loadConfig('client', flags.cfg), this.logger);
    try {
      const token = await client.requestToken({ signal: this.signal });
      this.log(
        await renderOne({ kind: 'ComputerToken', content: { token }, text: () => `Computer token: ${token}` }, flags),
      );
      return EXIT_CODES.OK;
    } catch (cause) {
      if (!isSlapError(cause, 'SLAP_NOT_FOUND')) throw cause;
      throw new CliError('CLI_INPUT', 'This master issues no computer tokens.', {
        hint: 'The mini-master needs none: slapos node format makes a computer known to it.',
        cause,
      });
    }
  }
}
