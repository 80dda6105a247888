import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import { readQuery } from '../http/form.js';
import { NOT_FOUND_TEXT, redirectPage } from '../http/html-pages.js';
import { ownUrl } from '../http/own-url.js';
import { type JsonInput, sortedJson } from '../http/python-json.js';
import type { RouteTable } from '../http/route-table.js';
import { computerDocumentFields, searchRows, serviceDocument, sharedServiceDocument } from './hateoas-documents.js';
import { parseHateoasQuery } from './hateoas-query.js';

const ROOT = '/hateoas';

/** The hateoas API: a small part of the real master's, for `service list`, `service info` and `computer list` (spec: proxy §7). */
export function hateoasRoutes(routes: RouteTable, context: ProxyContext): void {
  const { store, options } = context;
  const root = (request: Request) => answerRoot(request, context);
  // The Python proxies of before and after 1.20 differ in the slash; clients of both are served.
  routes.get(`${ROOT}/`, root);
  routes.get(ROOT, (request) =>
    request.url.includes('?') ? root(request) : redirectPage(308, `${ownUrl(request, options).root}${ROOT}/`),
  );

  routes.get(`${ROOT}/partitions/:name{.+}`, async (_request, { name = '' }) =>
    answer(await store.read((reader) => serviceDocument(reader, name)), name),
  );
  routes.get(`${ROOT}/shared/:name{.+}`, async (_request, { name = '' }) =>
    answer(await store.read((reader) => sharedServiceDocument(reader, name)), name),
  );
  routes.get(`${ROOT}/computers/:name{.+}`, async (_request, { name = '' }) =>
    answer(await store.read((reader) => computerDocumentFields(reader, name)), name),
  );
}

async function answerRoot(request: Request, { store, options }: ProxyContext): Promise<Response> {
  const fields = readQuery(request);
  const mode = fields.optional('mode');
  switch (mode) {
    case undefined:
      return json(rootDocument(`${ownUrl(request, options).root}${ROOT}/`));
    case 'search': {
      const query = parseHateoasQuery(fields.required('query'));
      return json({ _embedded: { contents: await store.read((reader) => searchRows(reader, query)) } });
    }
    case 'traverse':
      return redirectPage(302, ownPath(fields.required('relative_url'), ownUrl(request, options).root));
    default:
      throw new ProxyError('PROXY_INVALID_REQUEST', `Unhandled mode: ${mode}`, {
        hint: 'The mode is search or traverse.',
      });
  }
}

function rootDocument(url: string): JsonInput {
  return {
    _links: {
      raw_search: { href: `${url}?mode=search&query={query}&select_list={select_list}` },
      traverse: { href: `${url}?mode=traverse&relative_url={relative_url}&view={view}` },
    },
  };
}

/** Only our own documents: a redirection to anywhere would make the proxy a helper of phishers. */
function ownPath(relativeUrl: string, ownRoot: string): string {
  const path = relativeUrl.startsWith(`${ownRoot}/`) ? relativeUrl.slice(ownRoot.length) : relativeUrl;
  const isOwn = path.startsWith(`${ROOT}/`) && new URL(path, 'http://own').pathname.startsWith(`${ROOT}/`);
  if (isOwn && !/[\p{Cc}\\]/u.test(path)) return path;
  throw new ProxyError('PROXY_INVALID_REQUEST', `Not a document of this proxy: ${relativeUrl}`, {
    hint: `Use the relative_url of a row that a search gave, which begins with ${ROOT}/.`,
  });
}

function answer(document: JsonInput | undefined, name: string): Response {
  if (document === undefined)
    throw new ProxyError('PROXY_NOT_FOUND', NOT_FOUND_TEXT, { hint: `Nothing is called ${JSON.stringify(name)}.` });
  return json(document);
}

function json(document: JsonInput): Response {
  return new Response(sortedJson(document), { status: 200, headers: { 'content-type': 'application/json' } });
}
