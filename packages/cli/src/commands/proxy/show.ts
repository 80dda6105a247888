import { Flags } from '@oclif/core';
import {
  PROXY_SHOW_SECTIONS,
  type ProxyDatabaseContent,
  type ProxyShowSection,
  type ProxyShowTable,
  readProxyDatabase,
  renderProxyShow,
  shownDatabaseUri,
} from '@slapos/proxy';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { mergeSections } from '../../config/check-section.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags } from '../../output/output-flags.js';
import { renderOne } from '../../output/render-result.js';
import { showText } from '../../output/pager.js';

const section = (description: string): ReturnType<typeof Flags.boolean> => Flags.boolean({ description });

/** `slapos proxy show` (spec: cli §6.2). */
export default class ProxyShow extends SlaposCommand {
  static override summary = 'display proxy instances and parameters';
  static override description =
    'Prints what the database of a mini-master holds, whether it runs or not. Without a section: all of them.';
  static override examples = [
    'slapos proxy show',
    'slapos proxy show --params --database-uri proxy.db',
    'slapos proxy show --partitions --output json',
  ];
  static override flags = {
    cfg: configFlag,
    'database-uri': Flags.string({
      char: 'u',
      description: 'SQLite file of the mini-master, or postgresql://…',
      helpValue: 'FILE',
    }),
    computers: section('the computers'),
    software: section('which Software Releases they are supplied with'),
    partitions: section('the partitions that are in use'),
    slaves: section('the shared instances'),
    params: section('what the instances published'),
    network: section('the addresses of the partitions in use'),
    output: outputFlags.output,
    json: outputFlags.json,
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
    const content = await readProxyDatabase(file);
    const text = (): string => renderProxyShow(file, content, sections);
    const document = { database: shownDatabaseUri(file), ...documentOf(content, sections) };
    // Its text is made of tables already.
    const shown = flags.output === 'table' ? { ...flags, output: 'text' as const } : flags;
    await showText(await renderOne({ kind: 'ProxyDatabase', content: document, text }, shown), (line) =>
      this.log(line),
    );
    return EXIT_CODES.OK;
  }
}

/** What is shown, with keys in camelCase; nothing is shortened for programs. */
function documentOf(
  content: ProxyDatabaseContent,
  sections: readonly ProxyShowSection[],
): Readonly<Record<string, unknown>> {
  const isShown = (name: ProxyShowSection): boolean => sections.length === 0 || sections.includes(name);
  const { params, network, reports, ...tables } = content;
  const shownTables = Object.entries(tables)
    .filter(([name]) => isShown(name as ProxyShowSection))
    .map(([name, table]) => [name, rowsOf(table)] as const);
  return {
    ...Object.fromEntries(shownTables),
    ...(isShown('params')
      ? { params: params.map((entry) => ({ ...entry, parameters: Object.fromEntries(entry.parameters) })) }
      : {}),
    ...(isShown('network') ? { network } : {}),
    ...(sections.length === 0 ? { reports: rowsOf(reports) } : {}),
  };
}

function rowsOf({ rows }: ProxyShowTable): Readonly<Record<string, unknown>>[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
        value,
      ]),
    ),
  );
}
