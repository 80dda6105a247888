import type { SlapClient } from '@slapos/slap';
import type { Column, ListResult } from '../output/render-result.js';
import { listComputers } from './computer-rows.js';
import { listServices } from './service-rows.js';

/** Something of the user that was looked for. */
export interface Finding {
  readonly type: 'service' | 'computer';
  /** What commands take: the title of a service, the reference of a computer. */
  readonly name: string;
  /** Release of a service, title of a computer. */
  readonly about: string | null;
}

const COLUMNS: readonly Column<Finding>[] = [
  { name: 'type', value: ({ type }) => type },
  { name: 'name', value: ({ name }) => name },
  { name: 'about', value: ({ about }) => about },
];
const TYPE_WIDTH = 10;

/** Services and computers whose names, or whose releases, hold the text. Needs hateoas. */
export async function searchMaster(
  client: SlapClient,
  text: string,
  signal: AbortSignal,
): Promise<ListResult<Finding>> {
  const wanted = text.toLowerCase();
  const holds = (...texts: (string | null)[]): boolean =>
    texts.some((each) => each?.toLowerCase().includes(wanted) === true);
  const services = await listServices({ client, details: false, signal, matches: holds });
  const computers = await listComputers(client, signal, ({ reference, title }) => holds(reference, title));
  const items: Finding[] = [
    ...services.items.map(({ title, softwareUrl }): Finding => ({ type: 'service', name: title, about: softwareUrl })),
    ...computers.items.map(({ reference, title }): Finding => ({ type: 'computer', name: reference, about: title })),
  ];
  const lines = items.map(({ type, name, about }) => `${type.padEnd(TYPE_WIDTH)}${name}  ${about ?? ''}`.trimEnd());
  return { kind: 'SearchResults', items, columns: COLUMNS, text: () => lines.join('\n') };
}
