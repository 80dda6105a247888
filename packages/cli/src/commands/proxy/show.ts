import { Flags } from '@oclif/core';
import { PROXY_SHOW_SECTIONS, readProxyDatabase, renderProxyShow } from '@slapos/proxy';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { mergeSections } from '../../config/check-section.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { showText } from '../../output/pager.js';

const section = (description: string): ReturnType<typeof Flags.boolean> => Flags.boolean({ description });

/** `slapos proxy show` (spec: cli §6.2). */
export default class ProxyShow extends SlaposCommand {
  static override summary = 'display proxy instances and parameters';
  static override description =
    'Prints what the database of a mini-master holds, whether it runs or not. Without a section: all of them.';
  static override examples = ['slapos proxy show', 'slapos proxy show --params --database-uri proxy.db'];
  static override flags = {
    cfg: configFlag,
    'database-uri': Flags.string({ char: 'u', description: 'SQLite file of the mini-master', helpValue: 'FILE' }),
    computers: section('the computers'),
    software: section('which Software Releases they are supplied with'),
    partitions: section('the partitions that are in use'),
    slaves: section('the shared instances'),
    params: section('what the instances published'),
    network: section('the addresses of the partitions in use'),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ProxyShow);
    const config = await this.loadConfig('node', flags.cfg);
    const { values } = mergeSections(config, ['slapos', 'slapproxy'], { database_uri: flags['database-uri'] });
    const file = values['database_uri'] ?? values['database-uri'];
    if (!file) {
      throw new CliError('CLI_CONFIGURATION', 'database-uri is required.', {
        hint: `Give --database-uri, or set database_uri in [slapproxy] of ${config.file}.`,
      });
    }
    const sections = PROXY_SHOW_SECTIONS.filter((name) => flags[name]);
    await showText(renderProxyShow(file, readProxyDatabase(file), sections), (text) => this.log(text));
    return EXIT_CODES.OK;
  }
}
