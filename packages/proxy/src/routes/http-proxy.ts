import type { IncomingMessage } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import type { ProxyContext } from '../context.js';
import { TOKEN_SETTING } from '../access/gate.js';
import { ProxyError } from '../errors.js';
import { errorPage } from '../http/html-pages.js';
import { ownUrl } from '../http/own-url.js';
import type { RouteTable } from '../http/route-table.js';
import { AllowedTargets } from '../http-proxy/allowed-targets.js';
import { TargetRefused, TargetSilent } from '../http-proxy/ask-target.js';
import { askFollowing, TooManyRedirects } from '../http-proxy/follow-redirects.js';
import { relayedUrl, targetUrl } from '../http-proxy/target-url.js';

const ASKED_HEADERS = [
  'content-type',
  'accept',
  'accept-language',
  'range',
  'if-modified-since',
  'if-none-match',
  'user-agent',
  'authorization',
  'origin',
];
const ANSWERED_HEADERS = [
  'date',
  'last-modified',
  'vary',
  'cache-control',
  'etag',
  'accept-ranges',
  'content-range',
  'www-authenticate',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-credentials',
  'access-control-expose-headers',
];
const UNKNOWN_TYPE = 'application/octet-stream';
/** What browsers and caches know of the faults of a server behind another one. */
const ORIGIN_FAILED = 520;
const ORIGIN_UNREACHABLE = 523;
const ORIGIN_SILENT = 524;
const ORIGIN_TLS_FAILED = 526;
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);
const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/**
 * The http proxy: pages of instances that a browser would not load, since they come over plain http (spec: proxy §9).
 * It is off unless hosts are named; what it asks for is nobody's but the client's.
 */
export function httpProxyRoutes(routes: RouteTable, { options, store }: Pick<ProxyContext, 'options' | 'store'>): void {
  const allowed = options.httpProxy === undefined ? undefined : new AllowedTargets(options.httpProxy);

  const relay = async (request: Request): Promise<Response> => {
    const url = targetUrl(request.url);
    if (allowed === undefined) {
      throw new ProxyError('PROXY_FORBIDDEN', 'The http proxy is switched off.', {
        hint: 'Set http_proxy_targets of the proxy to the hosts that it may ask.',
      });
    }
    try {
      const answer = await askFollowing(
        {
          url,
          method: request.method,
          headers: askedHeaders(request, url, await store.read((reader) => reader.setting(TOKEN_SETTING))),
          body: request.body === null ? undefined : Readable.fromWeb(request.body),
          signal: request.signal,
        },
        allowed,
      );
      return answerOf(answer, url, request, ownUrl(request, options).root);
    } catch (error) {
      if (error instanceof TargetRefused)
        throw new ProxyError('PROXY_FORBIDDEN', error.message, {
          cause: error,
          hint: 'The operator names hosts in http_proxy_targets, and private networks in http_proxy_private_networks.',
        });
      return errorPage(statusOf(error), url.href);
    }
  };

  routes.get('/http_proxy/:scheme/:rest{.+}', relay);
  routes.options('/http_proxy/:scheme/:rest{.+}', relay);
}

/** @param ownToken what opens this proxy: it is nobody else's */
function askedHeaders(request: Request, url: URL, ownToken: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { host: url.host, 'accept-encoding': 'gzip, deflate' };
  for (const name of ASKED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null && (ownToken === undefined || !value.includes(ownToken))) headers[name] = value;
  }
  return headers;
}

function answerOf(answer: IncomingMessage, url: URL, request: Request, root: string): Response {
  const status = answer.statusCode === 500 ? ORIGIN_FAILED : (answer.statusCode ?? ORIGIN_FAILED);
  const headers = new Headers({
    // What comes from elsewhere must not run as a page of ours.
    'content-disposition': 'attachment',
    'x-content-type-options': 'nosniff',
  });
  if (!BODILESS.has(status)) headers.set('content-type', answer.headers['content-type'] ?? UNKNOWN_TYPE);
  for (const name of ANSWERED_HEADERS) {
    const value = answer.headers[name];
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const { location } = answer.headers;
  if (location !== undefined && URL.canParse(location, url.href))
    headers.set('location', relayedUrl(new URL(location, url), root));
  if (request.method === 'HEAD' || BODILESS.has(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(decoded(answer)) as ReadableStream<Uint8Array>, { status, headers });
}

/** The body without its encoding; a failure on the way ends the connection, so that nobody takes a part for the whole. */
function decoded(answer: IncomingMessage): Readable {
  const decoder = decoderOf(answer.headers['content-encoding']);
  if (decoder === undefined) return answer;
  answer.once('error', (error) => decoder.destroy(error));
  decoder.once('close', () => answer.destroy());
  return answer.pipe(decoder);
}

function decoderOf(encoding: string | undefined): Transform | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}

function statusOf(error: unknown): number {
  if (error instanceof TooManyRedirects) return ORIGIN_FAILED;
  if (error instanceof TargetSilent) return ORIGIN_SILENT;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (UNREACHABLE_CODES.has(code)) return ORIGIN_UNREACHABLE;
  if (code === 'ETIMEDOUT' || code === 'ECONNRESET') return ORIGIN_SILENT;
  return code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO'
    ? ORIGIN_TLS_FAILED
    : ORIGIN_FAILED;
}
