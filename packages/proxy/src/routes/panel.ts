import type { ProxyContext } from '../context.js';
import { notFoundPage, redirectPage } from '../http/html-pages.js';
import { ownUrl } from '../http/own-url.js';
import type { RouteTable } from '../http/route-table.js';
import { type PanelFile, PanelFiles } from '../panel/panel-files.js';

/** The page loads what this server has, and talks to it alone; nothing that somebody wrote into a parameter can become a program. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The panel: a page and its files, the same for everybody who asks (spec: proxy §10). */
export function panelRoutes(routes: RouteTable, { options }: Pick<ProxyContext, 'options'>): void {
  const files = new PanelFiles(options.panelDirectory);

  routes.get('/panel', (request) => redirectPage(308, `${ownUrl(request, options).prefix}/panel/`));
  // The page names its files, so it must be asked for each time; a file that changes gets another name.
  routes.get('/panel/', async (request) => answer(request, await files.page(), 'no-cache'));
  routes.get('/panel/assets/:name', async (request, { name = '' }) => {
    const file = await files.asset(name);
    return file === undefined ? notFoundPage() : answer(request, file, 'public, max-age=31536000, immutable');
  });
}

function answer(request: Request, { content, type, etag }: PanelFile, cacheControl: string): Response {
  const headers = {
    'content-type': type,
    'cache-control': cacheControl,
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    etag,
  };
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  return new Response(request.method === 'HEAD' ? null : content, { headers });
}
