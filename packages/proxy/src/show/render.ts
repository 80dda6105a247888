import { pythonFloatText } from '@slapos/slap';

import {
  PROXY_SHOW_SECTIONS,
  type ProxyDatabaseContent,
  type ProxyShowSection,
  type ProxyShowTable,
  type ProxyShowValue,
  type PublishedParameters,
} from './read-database.js';
import { reindentJson } from './reindent-json.js';

const SECTION_SEPARATOR = '\n \n';
const SECRET_KEYS = new Set(['ssh-key', 'ssh-public-key']);
const SECRET_CHARACTERS_SHOWN = 20;
const MAX_REPORT_CHARACTERS = 60;

/**
 * The text of `slapos proxy show`, without a final newline: tables and lists as the Python command prints them (spec: proxy §12). What nodes reported
 * comes last, when everything is shown and there is any.
 */
export function renderProxyShow(
  databasePath: string,
  content: ProxyDatabaseContent,
  sections: readonly ProxyShowSection[] = [],
): string {
  const shown =
    sections.length === 0 ? PROXY_SHOW_SECTIONS : PROXY_SHOW_SECTIONS.filter((section) => sections.includes(section));
  const parts = shown.map((section) => renderSection(section, content));
  if (sections.length === 0 && content.reports.rows.length > 0)
    parts.push(tableText('node_report17', shortened(content.reports)));
  return `Using database: ${databasePath}\n${parts.join(SECTION_SEPARATOR)}`;
}

function renderSection(section: ProxyShowSection, content: ProxyDatabaseContent): string {
  switch (section) {
    case 'computers':
      return tableText('computer17', content.computers);
    case 'software':
      return tableText('software17', content.software);
    case 'partitions':
      return tableText('partition17', content.partitions, 'xml, connection_xml, slave_instance_list');
    case 'slaves':
      return tableText('slave17', content.slaves, 'connection_xml');
    case 'params':
      return content.params.map(parametersText).join('\n');
    case 'network':
      return content.network.map(({ partitionId, addresses }) => `${partitionId}: ${addresses.join(', ')}`).join('\n');
  }
}

function tableText(name: string, table: ProxyShowTable, skipped?: string): string {
  if (table.rows.length === 0) return `table ${name}: empty`;
  const lines = [
    table.columns,
    ...table.rows.map((row) => table.columns.map((column) => cellText(row[column] ?? null))),
  ];
  const widths = table.columns.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ''))));
  const texts = lines.map((line) => ` ${line.map((cell, index) => centred(cell, widths[index] ?? 0)).join(' ')} `);
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 1, 1));
  const title = skipped === undefined ? `table ${name}` : `table ${name}: skipping ${skipped}`;
  return [title, rule, texts[0], rule, ...texts.slice(1), rule].join('\n');
}

function cellText(value: ProxyShowValue): string {
  if (value === null) return '-';
  return typeof value === 'number' ? pythonFloatText(value) : value;
}

/** Where the space left over is odd, the larger part goes to the right of a text of odd length, to the left of one of even length. */
function centred(text: string, width: number): string {
  const length = displayWidth(text);
  const free = width - length;
  const left = free % 2 === 1 && length % 2 === 0 ? Math.ceil(free / 2) : Math.floor(free / 2);
  return ' '.repeat(left) + text + ' '.repeat(free - left);
}

function displayWidth(text: string): number {
  return Array.from(text).length;
}

function parametersText({ partitionId, title, softwareType, parameters }: PublishedParameters): string {
  const lines = parameters.map(([name, value]) => `    ${name} = ${valueText(name, value)}`);
  return [`${partitionId}: ${title ?? 'None'} (type ${softwareType ?? 'None'})`, ...lines].join('\n');
}

function valueText(name: string, value: string | null): string {
  if (value === null) return 'None';
  if (SECRET_KEYS.has(name))
    return `${value.slice(0, SECRET_CHARACTERS_SHOWN)}...${value.slice(-SECRET_CHARACTERS_SHOWN)}`;
  return name === '_' ? (reindentJson(value) ?? value) : value;
}

/** Messages of nodes are long, and may hold anything. */
function shortened({ columns, rows }: ProxyShowTable): ProxyShowTable {
  const short = (message: ProxyShowValue | undefined) =>
    (typeof message === 'string' ? message : '')
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, MAX_REPORT_CHARACTERS);
  return { columns, rows: rows.map((row) => ({ ...row, message: short(row['message']) })) };
}
