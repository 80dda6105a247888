import type { ProxyContext } from '../context.js';
import { redirectPage, textAnswer } from '../http/html-pages.js';
import { ownUrl } from '../http/own-url.js';
import type { RouteTable } from '../http/route-table.js';

/** What the proxy says about itself. */
export function serviceRoutes(routes: RouteTable, { runId, options }: ProxyContext): void {
  routes.get('/getRunId', () => textAnswer(runId));
  routes.get('/getHateoasUrl', (request) => textAnswer(`${ownUrl(request, options).root}/hateoas/`));
  routes.get('/', (request) => redirectPage(302, `${ownUrl(request, options).prefix}/panel/`));
}
