import { Flags } from '@oclif/core';
import { pythonRepr, SlapClient } from '@slapos/slap';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { readBoolean } from '../../config/read-boolean.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';

/** `slapos node bang` (spec: cli §3.7). */
export default class NodeBang extends SlaposCommand {
  static override summary = 'request update on all partitions';
  static override description =
    'Asks the master to have every partition of this computer processed again, even those that did not change.';
  static override flags = {
    cfg: configFlag,
    message: Flags.string({
      char: 'm',
      description: 'why, for those who read the log of the master',
      helpValue: 'TEXT',
    }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeBang);
    const config = await this.loadConfig('node', flags.cfg);
    checkRoot(config);
    const required = (key: string): string => {
      const value = config.value('slapos', key);
      if (value) return value;
      throw new CliError('CLI_CONFIGURATION', `Missing mandatory parameters: ${key}`, {
        hint: `Set it in [slapos] of ${config.file}.`,
      });
    };
    const computerId = required('computer_id');
    const masterUrl = required('master_url');
    await using client = new SlapClient({
      masterUrl,
      keyFile: config.value('slapos', 'key_file'),
      certFile: config.value('slapos', 'cert_file'),
      masterCaFile: config.value('slapos', 'master_ca_file'),
      insecure: readBoolean(config, 'slapos', 'master_insecure') ?? false,
      logger: this.logger,
    });
    this.log(`Banging to ${pythonRepr(masterUrl)}`);
    await client.registerComputer(computerId).bang(flags.message ?? '', { signal: this.signal });
    // Python prints a message that was not given as None, and scripts compare the line.
    this.log(`Bang with message ${pythonRepr(flags.message)}`);
    return EXIT_CODES.OK;
  }
}
