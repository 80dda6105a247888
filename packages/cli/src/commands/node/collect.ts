import { collect } from '@slapos/collect';
import { createLinuxHost } from '@slapos/host';
import { Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { aliasesInUse, readCollectOptions } from '../../metering/collect-options.js';

const RULE = '='.repeat(80);

/** `slapos node collect` (spec: cli §3.9, collect). */
export default class NodeCollect extends SlaposCommand {
  static override summary = 'measure what the machine and its partitions use, and keep it';
  static override description =
    'Takes one snapshot of processes, folders, disks, network and temperatures into INSTANCE_ROOT/var/data-log, and brings the reports up to date. Meant for every minute, from cron or by slapos node run. Exit code 1: something could not be measured; the rest was.';
  static override examples = ['slapos node collect'];
  static override flags = {
    cfg: configFlag,
    'write-json': Flags.boolean({ description: 'also write the series of today as JSON, beside the CSV files' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeCollect);
    if (process.geteuid?.() !== 0)
      throw new CliError('CLI_NOT_ROOT', 'You HAVE TO execute this script with root permission.');
    const config = await this.loadConfig('node', flags.cfg);
    const options = { ...readCollectOptions(config), writesJson: flags['write-json'] };
    for (const sentence of aliasesInUse(config)) this.logger.warn(sentence);
    this.logger.info('Collecting data...');
    await using host = createLinuxHost({ logger: this.logger, environment: process.env });
    const result = await collect(options, { host, logger: this.logger, signal: this.signal });
    if (!result.ran) return EXIT_CODES.OK;
    this.logger.info(`${result.processes} processes of ${options.users.length} partitions were measured.`);
    this.logger.info('Finished collecting.');
    this.logger.info(RULE);
    return result.problems.length === 0 ? EXIT_CODES.OK : EXIT_CODES.FAILED;
  }
}
