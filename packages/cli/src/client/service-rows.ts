import type { SlapClient } from '@slapos/slap';
import { asciiJson } from '../output/ascii-json.js';
import type { Column, ListResult } from '../output/render-result.js';
import { findInstance } from './known-instance.js';
import { serviceStatus } from './service-status.js';

/** A service of the user in a table. */
export interface ServiceRow {
  readonly title: string;
  readonly softwareUrl: string | null;
  readonly state?: string | undefined;
  readonly status?: string | undefined;
  readonly softwareType?: string | undefined;
}

const COLUMNS: readonly Column<ServiceRow>[] = [
  { name: 'title', value: ({ title }) => title },
  { name: 'state', value: ({ state }) => state },
  { name: 'status', value: ({ status }) => status },
  { name: 'type', value: ({ softwareType }) => softwareType },
  { name: 'software', value: ({ softwareUrl }) => shortSoftware(softwareUrl) },
];

const AT_ONCE = 4;

/** Which services are listed, and how much of each. */
export interface ServiceListOptions {
  readonly client: SlapClient;
  /** Asks the master about each of them. */
  readonly details: boolean;
  readonly signal: AbortSignal;
  readonly matches?: ((title: string, softwareUrl: string | null) => boolean) | undefined;
}

/** The services of the user, sorted by title (spec: cli §4.4). Needs hateoas. */
export async function listServices(options: ServiceListOptions): Promise<ListResult<ServiceRow>> {
  const { client, details, signal, matches = () => true } = options;
  const trees = await client.getOpenOrderDict({ signal });
  const rows = Object.keys(trees)
    .sort()
    .map((title): ServiceRow => {
      const url = trees[title]?.['url_string'];
      return { title, softwareUrl: typeof url === 'string' ? url : null };
    })
    .filter(({ title, softwareUrl }) => matches(title, softwareUrl));
  const items: ServiceRow[] = [];
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const some = rows.slice(at, at + AT_ONCE);
    items.push(...(details ? await Promise.all(some.map((row) => withDetails(row, client, signal))) : some));
  }
  const bare = Object.fromEntries(items.map(({ title, softwareUrl }) => [title, softwareUrl]));
  return { kind: 'Services', items, columns: COLUMNS, text: () => asciiJson(bare), bare };
}

async function withDetails(row: ServiceRow, client: SlapClient, signal: AbortSignal): Promise<ServiceRow> {
  const information = (await findInstance(client, row.title, signal))?.information;
  if (information === undefined) return row;
  const status = serviceStatus(information.news);
  return {
    ...row,
    state: information.requestedState,
    status: status === 'unsupported' ? undefined : status,
    softwareType: information.softwareType,
  };
}

/** `nginx  (https://…/nginx/software.cfg)`: the folder is what people call a release. */
function shortSoftware(url: string | null): string {
  if (url === null) return '';
  const folder = url.split('/').at(-2);
  return folder === undefined || folder === '' ? url : `${folder}  (${url})`;
}
