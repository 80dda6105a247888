import { Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { configPath, originOfPath } from '../../config/config-file.js';
import { EXIT_CODES } from '../../exit-codes.js';

/** `slapos config path` (spec: ux-ideas §19). */
export default class ConfigPath extends SlaposCommand {
  static override summary = 'print which configuration file commands read';
  static override flags = {
    cfg: configFlag,
    client: Flags.boolean({ description: 'that of the client commands, such as request' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ConfigPath);
    const family = flags.client ? 'client' : 'node';
    this.log(configPath(family, flags.cfg, process.env));
    this.logger.info(`It comes from ${originOfPath(family, flags.cfg, process.env)}.`);
    return EXIT_CODES.OK;
  }
}
