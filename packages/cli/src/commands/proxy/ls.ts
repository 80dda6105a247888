import { readProxyDatabase } from '@slapos/proxy';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { databaseFlag, databasePlace } from '../../mini-master/database.js';
import { type ListedInstance, listInstances, treesText } from '../../mini-master/instance-trees.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { type Column, renderList } from '../../output/render-result.js';

const COLUMNS: readonly Column<ListedInstance>[] = [
  { name: 'name', value: ({ name }) => name },
  { name: 'tree', value: ({ root }) => root },
  { name: 'partition', value: ({ partition }) => partition },
  { name: 'computer', value: ({ computer }) => computer },
  { name: 'state', value: ({ state }) => state },
  { name: 'type', value: ({ softwareType }) => softwareType },
  { name: 'software', value: ({ softwareUrl }) => softwareUrl },
];

/** `slapos proxy ls` (spec: ux-ideas §20). */
export default class ProxyLs extends SlaposCommand {
  static override summary = 'list the instances of the mini-master as trees';
  static override description =
    'Reads the database of a mini-master, whether it runs or not: each tree with its root, where every instance is, and the state that is wanted of it.';
  static override examples = ['slapos proxy ls', 'slapos proxy ls --output table --columns name,partition'];
  static override flags = { cfg: configFlag, 'database-uri': databaseFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ProxyLs);
    const { databaseUri } = databasePlace(await this.loadConfig('node', flags.cfg), flags['database-uri']);
    const items = listInstances(await readProxyDatabase(databaseUri));
    const trees = outputFormat(flags) === 'text' ? await treesText(items) : '';
    const shown = await renderList({ kind: 'ProxyInstances', items, columns: COLUMNS, text: () => trees }, flags);
    // No instance is no line.
    if (shown !== '') this.log(shown);
    else this.logger.info('There are no instances.');
    return EXIT_CODES.OK;
  }
}
