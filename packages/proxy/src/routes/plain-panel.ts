import { readParameterXml } from '@slapos/slap';

import type { ProxyContext } from '../context.js';
import { eventDocument } from '../events/event-text.js';
import { readQuery } from '../http/form.js';
import { HTML_CONTENT_TYPE, notFoundPage } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';
import type { PanelViewer } from '../panel/panel-documents.js';
import { instancePage, overviewPage } from '../panel/plain-pages.js';
import { readOverview, readReports } from '../panel/read-overview.js';
import type { StoreReader } from '../store/proxy-store.js';
import type { EventFilter, EventRecord } from '../store/records.js';

const EVENTS_SHOWN = 50;
/** No script, no style, nothing from anywhere: text and links. */
const HEADERS = {
  'content-type': HTML_CONTENT_TYPE,
  'cache-control': 'private, no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** The panel for browsers without JavaScript: to read, with the access rules of the panel's data (spec: ux-ideas §21). */
export function plainPanelRoutes(routes: RouteTable, { store }: Pick<ProxyContext, 'store'>): void {
  routes.get('/panel/plain', async (request, _parameters, principal) => {
    const page = Number(readQuery(request).optional('page') ?? 1);
    const { overview, events } = await store.read(async (reader) => {
      const overview = await readOverview(reader, principal);
      return { overview, events: await lastEvents(reader, overview.lastEventId, filterOf(overview.viewer)) };
    });
    const content = overviewPage(overview, events.map(eventDocument), Number.isSafeInteger(page) ? page : 1);
    return new Response(String(await content), { headers: HEADERS });
  });

  routes.get('/panel/plain/instance', async (request, _parameters, principal) => {
    const fields = readQuery(request);
    const key = {
      computerId: fields.required('computer_id'),
      partitionId: fields.required('computer_partition_id'),
    };
    const found = await store.read(async (reader) => {
      const { instances } = await readOverview(reader, principal);
      const instance = instances.find(
        ({ computerId, partitionId, isShared }) =>
          computerId === key.computerId && partitionId === key.partitionId && !isShared,
      );
      const partition = await reader.partition(key);
      if (instance === undefined || partition === undefined) return undefined;
      return {
        instance,
        published: valuesOf(partition.connectionXml),
        parameters: valuesOf(partition.parameterXml),
        reports: await readReports(reader, key),
      };
    });
    return found === undefined ? notFoundPage() : new Response(String(await instancePage(found)), { headers: HEADERS });
  });
}

function valuesOf(xml: string | null): (readonly [name: string, value: string])[] {
  return [...readParameterXml(xml ?? '')].map(([name, value]) => [name, value ?? '']);
}

function filterOf(viewer: PanelViewer): EventFilter {
  switch (viewer.role) {
    case 'user':
      return {};
    case 'computer':
      return { computerId: viewer.computerId };
    case 'partition':
      return { tree: viewer.tree };
  }
}

/** Of the newest ones those that a viewer may see. */
async function lastEvents(reader: StoreReader, newest: number, filter: EventFilter): Promise<EventRecord[]> {
  return reader.eventsAfter(Math.max(0, newest - EVENTS_SHOWN), EVENTS_SHOWN, filter);
}
