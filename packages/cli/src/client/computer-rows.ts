import type { SlapClient } from '@slapos/slap';
import type { Column, ListResult } from '../output/render-result.js';

/** A computer of the user. */
export interface ComputerRow {
  readonly reference: string;
  readonly title: string;
  readonly state: string | null;
}

const COLUMNS: readonly Column<ComputerRow>[] = [
  { name: 'reference', value: ({ reference }) => reference },
  { name: 'title', value: ({ title }) => title },
  { name: 'state', value: ({ state }) => state },
];

/** The computers of the user in the master's order (spec: cli §4.6). Needs hateoas. */
export async function listComputers(
  client: SlapClient,
  signal: AbortSignal,
  matches: (row: ComputerRow) => boolean = () => true,
): Promise<ListResult<ComputerRow>> {
  const computers = await client.getComputerDict({ signal });
  const items = Object.entries(computers)
    .map(
      ([title, { reference, validation_state: state }]): ComputerRow => ({
        title,
        reference: String(reference),
        state: typeof state === 'string' ? state : null,
      }),
    )
    .filter(matches);
  const lines = items.map(({ reference, title }) => `${reference} ${title}`);
  const text = (): string =>
    lines.length === 0 ? 'No existing computer.' : ['List of Computers:', ...lines].join('\n');
  return { kind: 'Computers', items, columns: COLUMNS, text };
}
