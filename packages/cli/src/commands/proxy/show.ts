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
import { EXIT_CODES } from '../../exit-codes.js';
import { databaseFlag, databasePlace } from '../../mini-master/database.js';
import { databaseTables } from '../../mini-master/database-tables.js';
import { watch } from '../../node/watch.js';
import { outputFlags, outputFormat, type OutputFlagValues } from '../../output/output-flags.js';
import { renderOne } from '../../output/render-result.js';
import { showText } from '../../output/pager.js';

/** How soon a change is seen. */
const FOLLOW_INTERVAL_MS = 1_000;

const section = (description: string): ReturnType<typeof Flags.boolean> => Flags.boolean({ description });

/** `slapos proxy show` (spec: cli §6.2, ux-ideas §20). */
export default class ProxyShow extends SlaposCommand {
  static override summary = 'display proxy instances and parameters';
  static override description =
    'Prints what the database of a mini-master holds, whether it runs or not. Without a section: all of them.';
  static override examples = [
    'slapos proxy show',
    'slapos proxy show --params --database-uri proxy.db',
    'slapos proxy show --partitions --output table --columns reference,requested_state',
    'slapos proxy show --follow',
  ];
  static override flags = {
    cfg: configFlag,
    'database-uri': databaseFlag,
    computers: section('the computers'),
    software: section('which Software Releases they are supplied with'),
    partitions: section('the partitions that are in use'),
    slaves: section('the shared instances'),
    params: section('what the instances published'),
    network: section('the addresses of the partitions in use'),
    follow: Flags.boolean({ char: 'f', description: 'show it again when something changes, until q or Ctrl-C' }),
    ...outputFlags,
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(ProxyShow);
    const { databaseUri } = databasePlace(await this.loadConfig('node', flags.cfg), flags['database-uri']);
    const sections = PROXY_SHOW_SECTIONS.filter((name) => flags[name]);
    const look = async (): Promise<string> =>
      this.#shown(databaseUri, await readProxyDatabase(databaseUri), sections, flags);
    if (!flags.follow) {
      const isText = outputFormat(flags) === 'text';
      if (isText) await showText(await look(), (text) => this.log(text));
      else this.log(await look());
      return EXIT_CODES.OK;
    }
    await watch({
      look,
      render: (text) => Promise.resolve(text),
      fingerprint: (text) => text,
      intervalMs: FOLLOW_INTERVAL_MS,
      signal: this.signal,
      output: process.stdout,
      keyboard: process.stdin,
      inPlace: process.stdout.isTTY && outputFormat(flags) !== 'json',
    });
    return EXIT_CODES.OK;
  }

  async #shown(
    databaseUri: string,
    content: ProxyDatabaseContent,
    sections: readonly ProxyShowSection[],
    flags: OutputFlagValues,
  ): Promise<string> {
    if (outputFormat(flags) === 'table') return databaseTables(content, sections, flags);
    const text = (): string => renderProxyShow(databaseUri, content, sections);
    const document = { database: shownDatabaseUri(databaseUri), ...documentOf(content, sections) };
    return renderOne({ kind: 'ProxyDatabase', content: document, text }, flags);
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
