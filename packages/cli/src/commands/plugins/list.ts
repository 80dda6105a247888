import { SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags } from '../../output/output-flags.js';
import { type Column, renderList } from '../../output/render-result.js';
import { type InstalledPlugin, PluginStore } from '../../plugins/manage-plugins.js';
import { pluginFolder } from '../../plugins/plugin-folder.js';

const COLUMNS: readonly Column<InstalledPlugin>[] = [
  { name: 'name', value: ({ name }) => name },
  { name: 'version', value: ({ version }) => version },
  { name: 'description', value: ({ description }) => description },
];

/** `slapos plugins list`. */
export default class PluginsList extends SlaposCommand {
  static override summary = 'list the plug-ins that add commands';
  static override flags = { ...outputFlags };

  override async run(): Promise<number> {
    const { flags } = await this.parse(PluginsList);
    const folder = pluginFolder(process.env);
    const items = await new PluginStore(folder, this.signal).list();
    const text = (): string =>
      items.length === 0 ? 'No plug-ins.' : items.map(({ name, version }) => `${name} ${version}`).join('\n');
    this.log(await renderList({ kind: 'Plugins', items, columns: COLUMNS, text, about: { folder } }, flags));
    return EXIT_CODES.OK;
  }
}
