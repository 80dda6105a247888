import { pythonFloatText } from '@slapos/slap';

import { shownDatabaseUri } from '../store/postgres/database-uri.js';
import { framedTable } from './framed-table.js';
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
  databaseUri: string,
  content: ProxyDatabaseContent,
  sections: readonly ProxyShowSection[] = [],
): string {
  const shown =
    sections.length === 0 ? PROXY_SHOW_SECTIONS : PROXY_SHOW_SECTIONS.filter((section) => sections.includes(section));
  const parts = shown.map((section) => renderSection(section, content));
  if (sections.length === 0 && content.reports.rows.length > 0)
    parts.push(tableText('node_report17', shortened(content.reports)));
  return `Using database: ${shownDatabaseUri(databaseUri)}\n${parts.join(SECTION_SEPARATOR)}`;
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
  const title = skipped === undefined ? `table ${name}` : `table ${name}: skipping ${skipped}`;
  const rows = table.rows.map((row) => table.columns.map((column) => cellText(row[column] ?? null)));
  return `${title}\n${framedTable(table.columns, rows)}`;
}

function cellText(value: ProxyShowValue): string {
  if (value === null) return '-';
  return typeof value === 'number' ? pythonFloatText(value) : value;
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
