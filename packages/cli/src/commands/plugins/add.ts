import { Args } from '@oclif/core';
import { SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { PluginStore } from '../../plugins/manage-plugins.js';
import { pluginFolder } from '../../plugins/plugin-folder.js';

/** `slapos plugins add PACKAGE`. */
export default class PluginsAdd extends SlaposCommand {
  static override summary = 'add the commands of a package';
  static override description =
    'Installs an oclif plug-in with npm into your own folder of plug-ins; other users do not get it. Its code runs with your rights.';
  static override examples = ['slapos plugins add slapos-plugin-backup', 'slapos plugins add ./my-plugin'];
  static override args = {
    package: Args.string({ required: true, description: 'what npm installs: a name, a folder, an archive' }),
  };

  override async run(): Promise<number> {
    const { args } = await this.parse(PluginsAdd);
    this.logger.info(`Installing ${args.package} ...`);
    const { name, version } = await new PluginStore(pluginFolder(process.env), this.signal).add(args.package);
    this.logger.info(`Added ${name} ${version}. slapos help lists its commands.`);
    return EXIT_CODES.OK;
  }
}
