import { Args } from '@oclif/core';
import { SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { PluginStore } from '../../plugins/manage-plugins.js';
import { pluginFolder } from '../../plugins/plugin-folder.js';

/** `slapos plugins remove NAME`. */
export default class PluginsRemove extends SlaposCommand {
  static override summary = 'remove a plug-in and its commands';
  static override args = { name: Args.string({ required: true, description: 'name that slapos plugins list shows' }) };

  override async run(): Promise<number> {
    const { args } = await this.parse(PluginsRemove);
    await new PluginStore(pluginFolder(process.env), this.signal).remove(args.name);
    this.logger.info(`Removed ${args.name}.`);
    return EXIT_CODES.OK;
  }
}
