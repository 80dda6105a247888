import {
  PROXY_SHOW_SECTIONS,
  type ProxyDatabaseContent,
  type ProxyShowSection,
  type ProxyShowTable,
} from '@slapos/proxy';
import { CliError } from '../errors.js';
import type { OutputFlagValues } from '../output/output-flags.js';
import { renderList } from '../output/render-result.js';

/**
 * The sections as tables with the names that the columns really have (spec: ux-ideas §20), a heading over each where there are several.
 * @throws CliError `CLI_USAGE` for columns of several sections, or of none
 */
export async function databaseTables(
  content: ProxyDatabaseContent,
  chosen: readonly ProxyShowSection[],
  flags: OutputFlagValues,
): Promise<string> {
  const sections = chosen.length === 0 ? PROXY_SHOW_SECTIONS : chosen;
  if (flags.columns !== undefined && sections.length !== 1) {
    throw new CliError('CLI_USAGE', 'argument --columns: columns are those of one section', {
      hint: 'Name it, such as --partitions.',
    });
  }
  const parts: string[] = [];
  for (const section of sections) {
    const { columns, rows } = tableOf(content, section);
    const result = {
      kind: 'ProxyDatabase',
      items: rows,
      columns: columns.map((name) => ({ name, value: (row: (typeof rows)[number]) => row[name] })),
      text: () => '',
    };
    const table = await renderList(result, { ...flags, output: 'table', json: false });
    parts.push(sections.length === 1 ? table : `${section}\n${table}`);
  }
  return parts.join('\n\n');
}

function tableOf(content: ProxyDatabaseContent, section: ProxyShowSection): ProxyShowTable {
  switch (section) {
    case 'params':
      return {
        columns: ['reference', 'computer_reference', 'parameter', 'value'],
        rows: content.params.flatMap(({ partitionId, computerId, parameters }) =>
          parameters.map(([parameter, value]) => ({
            reference: partitionId,
            computer_reference: computerId,
            parameter,
            value,
          })),
        ),
      };
    case 'network':
      return {
        columns: ['reference', 'computer_reference', 'address'],
        rows: content.network.flatMap(({ partitionId, computerId, addresses }) =>
          addresses.map((address) => ({ reference: partitionId, computer_reference: computerId, address })),
        ),
      };
    default:
      return content[section];
  }
}
