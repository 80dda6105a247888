import type { EventDocument } from '../../src/events/event-text.js';
import { call } from './api.js';

/** The master sends a sign of life more often than that; a connection that is silent for longer is broken. */
const SILENCE_MS = 40_000;

/** What a stream of the log gives. */
export type StreamItem =
  | { readonly type: 'open' }
  | { readonly type: 'event'; readonly event: EventDocument }
  /** Events that happened meanwhile are no longer kept. */
  | { readonly type: 'lost' };

/**
 * Reads the log of what changed from after one event, until the connection ends. `EventSource` cannot send a token, so it is read by hand.
 * @throws CallError, or what `fetch` throws when the connection breaks
 */
export async function* followEvents(
  filter: Readonly<Record<string, string>>,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void, undefined> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const query = new URLSearchParams({ ...filter, after: String(after) }).toString();
    const response = await call(`events?${query}`, {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.body === null) return;
    yield { type: 'open' };
    let rest = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (rest + part).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const item = readBlock(block);
        if (item !== undefined) yield item;
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function readBlock(block: string): StreamItem | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  if (fields.get('event') === 'lost') return { type: 'lost' };
  return { type: 'event', event: JSON.parse(data) as EventDocument };
}
