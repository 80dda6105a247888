import { basename } from 'node:path';
import { Readable } from 'node:stream';

import { getMimeType } from 'hono/utils/mime';

import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import { HTML_CONTENT_TYPE, notFoundPage } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';
import { type ByteRange, readByteRange } from '../public-files/byte-range.js';
import { type OpenFile, PublicDirectory } from '../public-files/public-directory.js';

const UNKNOWN_TYPE = 'application/octet-stream';
const NOT_TOKEN = /[^\w.-]/;
const MILLISECONDS_PER_SECOND = 1_000;

/** Files that the panel and others download: schemas of releases, say (spec: proxy §10). Each is sent as an attachment, so no browser runs it. */
export function publicFileRoutes(routes: RouteTable, { options }: Pick<ProxyContext, 'options'>): void {
  const directory = options.publicDirectory === undefined ? undefined : new PublicDirectory(options.publicDirectory);

  const get = async (request: Request, { path = '' }: Readonly<Record<string, string>>): Promise<Response> => {
    if (directory === undefined) {
      throw new ProxyError('PROXY_FORBIDDEN', 'The public directory path is not configured.', {
        hint: 'Set public_directory_path of the proxy.',
      });
    }
    const file = await directory.open(path);
    if (file === undefined) return notFoundPage();
    let isStreamed = false;
    try {
      const headers = headersOf(path, file);
      if (isUnchanged(request, headers.etag, file)) return new Response(null, { status: 304, headers });
      const range = isRangeOf(request, headers)
        ? readByteRange(request.headers.get('range'), file.byteLength)
        : 'whole';
      if (range === 'unsatisfiable') {
        return new Response('', {
          status: 416,
          headers: { 'content-type': HTML_CONTENT_TYPE, 'content-range': `bytes */${file.byteLength}` },
        });
      }
      const part = range === 'whole' ? { start: 0, end: file.byteLength - 1 } : range;
      const init = {
        status: range === 'whole' ? 200 : 206,
        headers: { ...headers, 'content-length': String(part.end - part.start + 1), ...rangeHeader(range, file) },
      };
      if (request.method === 'HEAD' || file.byteLength === 0) return new Response(null, init);
      isStreamed = true;
      // The stream closes the file at its end, also when the client leaves.
      return new Response(Readable.toWeb(file.handle.createReadStream(part)), init);
    } finally {
      if (!isStreamed) await file.handle.close();
    }
  };
  routes.get('/panel/public/', get);
  routes.get('/panel/public/:path{.+}', get);
}

function headersOf(path: string, { byteLength, modifiedAt }: OpenFile) {
  const name = basename(path);
  return {
    'content-type': getMimeType(name) ?? UNKNOWN_TYPE,
    'content-disposition': `attachment; ${NOT_TOKEN.test(name) ? `filename*=UTF-8''${encodeURIComponent(name)}` : `filename=${name}`}`,
    'last-modified': modifiedAt.toUTCString(),
    'cache-control': 'no-cache',
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    etag: `"${(modifiedAt.getTime() / MILLISECONDS_PER_SECOND).toString()}-${byteLength}"`,
  };
}

/** Whether the client has the file as it is. */
function isUnchanged(request: Request, etag: string, { modifiedAt }: OpenFile): boolean {
  const known = request.headers.get('if-none-match');
  if (known !== null) return known.split(',').some((item) => [etag, '*'].includes(item.trim().replace(/^W\//, '')));
  const since = Date.parse(request.headers.get('if-modified-since') ?? '');
  // The header has whole seconds.
  return Math.floor(modifiedAt.getTime() / MILLISECONDS_PER_SECOND) * MILLISECONDS_PER_SECOND <= since;
}

/** Whether the range that is asked for is one of the file as it is now. */
function isRangeOf(request: Request, headers: Readonly<Record<'etag' | 'last-modified', string>>): boolean {
  const condition = request.headers.get('if-range');
  return condition === null || condition === headers.etag || condition === headers['last-modified'];
}

function rangeHeader(range: ByteRange | 'whole', { byteLength }: OpenFile): { 'content-range'?: string } {
  return range === 'whole' ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${byteLength}` };
}
