import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import type { FeedItem } from '../events/event-feed.js';
import { eventDocument, streamText } from '../events/event-text.js';
import { type Fields, readQuery } from '../http/form.js';
import type { RouteTable } from '../http/route-table.js';
import { EVENT_KINDS, type EventFilter } from '../store/records.js';

const STREAM_TYPE = 'text/event-stream';
const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;
const KNOWN_KINDS = new Set([...EVENT_KINDS, ...EVENT_KINDS.map((kind) => kind.slice(0, kind.indexOf('.')))]);

/**
 * `GET /events`: the log of what changed. As a stream of server-sent events for those who accept one, which begins after `Last-Event-ID` or `after`,
 * or else with what happens next; as a page of JSON for the others. `computer_id`, `tree` and `kind` narrow it.
 */
export function eventRoutes(routes: RouteTable, { store, events }: ProxyContext): void {
  routes.get('/events', async (request) => {
    const fields = readQuery(request);
    const filter = readFilter(fields);
    if (!(request.headers.get('accept') ?? '').includes(STREAM_TYPE)) {
      const after = readNumber('after', fields.optional('after')) ?? 0;
      const limit = Math.min(readNumber('limit', fields.optional('limit')) ?? DEFAULT_PAGE, MAX_PAGE);
      const { page, range } = await store.read(async (reader) => ({
        page: await reader.eventsAfter(after, limit, filter),
        range: await reader.eventRange(),
      }));
      const body = { events: page.map(eventDocument), oldest: range?.oldest ?? 0, newest: range?.newest ?? 0 };
      return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
    }
    const after = readNumber('Last-Event-ID', request.headers.get('last-event-id') ?? fields.optional('after'));
    const headers = { 'content-type': STREAM_TYPE, 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    return new Response(request.method === 'HEAD' ? null : streamOf(events.follow(after, filter)), { headers });
  });
}

/** One item is made when the client has taken the one before: those who read slowly keep nothing in memory. */
function streamOf(items: AsyncGenerator<FeedItem, void, undefined>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      // Tells clients, and what stands between, that the stream is open.
      controller.enqueue(encoder.encode(': follow\n\n'));
    },
    async pull(controller) {
      const { value, done } = await items.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(itemText(value)));
    },
    async cancel() {
      await items.return();
    },
  });
}

function itemText(item: FeedItem): string {
  switch (item.type) {
    case 'events':
      return item.events.map(streamText).join('');
    case 'idle':
      return ': idle\n\n';
    case 'lost':
      return `id: ${item.resumesAfter}\nevent: lost\ndata: ${JSON.stringify({ resumesAfter: item.resumesAfter })}\n\n`;
  }
}

function readFilter(fields: Fields): EventFilter {
  const [computerId, tree, kind] = [
    fields.reference('computer_id'),
    fields.reference('tree'),
    fields.reference('kind'),
  ];
  if (kind !== undefined && !KNOWN_KINDS.has(kind)) {
    throw new ProxyError('PROXY_INVALID_REQUEST', `No event is of kind ${JSON.stringify(kind)}`, {
      hint: `The kinds are ${EVENT_KINDS.join(', ')}, and what stands before their points.`,
    });
  }
  return {
    ...(computerId === undefined ? {} : { computerId }),
    ...(tree === undefined ? {} : { tree }),
    ...(kind === undefined ? {} : { kind }),
  };
}

function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (/^\d{1,15}$/.test(text)) return value;
  throw new ProxyError('PROXY_INVALID_REQUEST', `${name} is no number: ${JSON.stringify(text.slice(0, 40))}`, {
    hint: 'Give the id of the last event that is known.',
  });
}
