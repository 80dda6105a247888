import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import type { BodyReader } from '../http/body.js';
import { HTML_CONTENT_TYPE, NOT_FOUND_TEXT, notFoundPage } from '../http/html-pages.js';
import { spacedJson } from '../http/python-json.js';
import type { RouteTable } from '../http/route-table.js';
import { isJsonType } from '../json-rpc/accept.js';
import { BAD_REQUEST_TEXT } from '../json-rpc/answer.js';
import type { SharedCache } from '../shared-cache/shared-cache.js';

const JSON_TYPE = 'application/json';
const NOT_MODIFIED = 304;

/** shacache and shadir: contents by their hash, and what is known about them (spec: proxy §11). */
export function sharedCacheRoutes(routes: RouteTable, { sharedCache, bodies }: ProxyContext): void {
  const cache = (): SharedCache => {
    if (sharedCache !== undefined) return sharedCache;
    throw new ProxyError('PROXY_CACHE_NOT_CONFIGURED', 'Shacache not configured', {
      hint: 'Set shacache_content_directory and shacache_metadata_directory of the proxy.',
    });
  };

  const addContent = async (request: Request) => {
    const hash = await cache().contents.add(bodyOf(request));
    return created(hash);
  };
  routes.post('/shacache/cache', addContent);
  routes.post('/shacache/cache/', addContent);
  routes.resource('/shacache/cache/:hash', {
    get: async (request, { hash = '' }) => {
      const name = hash.toLowerCase();
      const content = await cache().content(name);
      if (content === undefined) return notFoundPage();
      const headers = {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename=${name}`,
        'last-modified': content.modifiedAt.toUTCString(),
        'cache-control': 'no-cache',
        etag: `"${name}"`,
      };
      if (request.headers.get('if-none-match') === headers.etag)
        return new Response(null, { status: NOT_MODIFIED, headers });
      const body = request.method === 'HEAD' ? null : content.stream();
      return new Response(body, { status: 200, headers: { ...headers, 'content-length': String(content.byteLength) } });
    },
    put: async (request, { hash = '' }) => created(await cache().contents.add(bodyOf(request), hash.toLowerCase())),
  });

  routes.resource('/shacache/dir/:key', {
    get: async (_request, { key = '' }) => {
      const entry = await cache().entry(key);
      if (entry === undefined) throw new ProxyError('PROXY_NOT_FOUND', NOT_FOUND_TEXT);
      const headers = { 'content-type': entry.isFresh ? JSON_TYPE : HTML_CONTENT_TYPE };
      return new Response(entry.text, { status: 200, headers });
    },
    put: async (request, { key = '' }) => {
      const target = cache();
      await target.putEntry(key, await readJson(request, bodies));
      return created('');
    },
  });

  routes.post('/shacache/update', async () => {
    return new Response(spacedJson({ ...(await cache().update()) }), { headers: { 'content-type': JSON_TYPE } });
  });
}

function created(body: string): Response {
  return new Response(body, { status: 201, headers: { 'content-type': HTML_CONTENT_TYPE } });
}

async function* bodyOf(request: Request): AsyncGenerator<Uint8Array, void, undefined> {
  if (request.body !== null) yield* request.body as unknown as AsyncIterable<Uint8Array>;
}

async function readJson(request: Request, bodies: BodyReader): Promise<unknown> {
  const body = await bodies.read(request);
  try {
    if (isJsonType(request.headers.get('content-type'))) return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    // Told below.
  }
  throw new ProxyError('PROXY_INVALID_REQUEST', BAD_REQUEST_TEXT);
}
