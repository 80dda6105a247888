import { isSlapError } from '@slapos/slap';
import { Hono } from 'hono';

import type { Principal } from './access/principal.js';
import type { ProxyContext } from './context.js';
import { ProxyError } from './errors.js';
import { errorPage, notFoundPage } from './http/html-pages.js';
import { cleanPath, pathOf } from './http/path.js';
import { requestIdOf } from './http/request-id.js';
import { type RouteEnvironment, RouteTable } from './http/route-table.js';
import { certificateRoutes } from './routes/certificates.js';
import { computerPartitionRoutes } from './routes/computer-partition.js';
import { computerRoutes } from './routes/computer.js';
import { eventRoutes } from './routes/events.js';
import { httpProxyRoutes } from './routes/http-proxy.js';
import { hateoasRoutes } from './routes/hateoas.js';
import { instanceRequestRoutes } from './routes/instance-request.js';
import { failureAnswer } from './json-rpc/answer.js';
import { jsonRpcRoutes } from './routes/json-rpc.js';
import { observationRoutes } from './routes/observation.js';
import { panelDataRoutes } from './routes/panel-data.js';
import { panelRoutes } from './routes/panel.js';
import { plainPanelRoutes } from './routes/plain-panel.js';
import { publicFileRoutes } from './routes/public-files.js';
import { serviceRoutes } from './routes/service.js';
import { sharedCacheRoutes } from './routes/shared-cache.js';
import { softwareReleaseRoutes } from './routes/software-release.js';

const RPC_PREFIX = '/slapos.';
const SERVER_ERROR_TEXT =
  'The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.';

/** All that is served. */
export interface ProxyApp {
  fetch(request: Request, principal: Principal): Response | Promise<Response>;
  /** A name for the route of a request; there are boundedly many. */
  routeOf(request: Request): string;
}

/** The HTTP application: all routes, and what is answered when one of them fails. */
export function createApp(context: ProxyContext): ProxyApp {
  const app = new Hono<{ Bindings: RouteEnvironment }>({ getPath: ({ url }) => cleanPath(url) });
  const routes = new RouteTable(app);
  serviceRoutes(routes, context);
  computerRoutes(routes, context);
  softwareReleaseRoutes(routes, context);
  instanceRequestRoutes(routes, context);
  computerPartitionRoutes(routes, context);
  certificateRoutes(routes, context);
  hateoasRoutes(routes, context);
  jsonRpcRoutes(routes, context);
  eventRoutes(routes, context);
  observationRoutes(routes, context);
  sharedCacheRoutes(routes, context);
  publicFileRoutes(routes, context);
  if (context.options.panel) {
    panelRoutes(routes, context);
    panelDataRoutes(routes, context);
    plainPanelRoutes(routes, context);
  }
  httpProxyRoutes(routes, context);
  app.notFound(() => notFoundPage());
  app.onError((error, { req }) => answerError(error, req.raw, context));
  return {
    fetch: (request, principal) => app.fetch(request, { principal }),
    routeOf: (request) => routes.labelOf(cleanPath(request.url)),
  };
}

/** The page for an error. Only what is no fault of the request is logged as an error. */
export function answerError(
  error: unknown,
  request: Request,
  { logger, options }: Pick<ProxyContext, 'logger' | 'options'>,
): Response {
  const requestId = requestIdOf(request, options);
  const page = pathOf(request.url).startsWith(RPC_PREFIX) ? rpcPage : errorPage;
  if (error instanceof ProxyError && error.httpStatus !== 500) {
    const log = error.httpStatus >= 500 ? logger.warn.bind(logger) : logger.debug.bind(logger);
    log('A request was refused', {
      requestId,
      path: pathOf(request.url),
      status: error.httpStatus,
      code: error.code,
      problem: error.message,
    });
    return page(error.httpStatus, error.message, error.hint);
  }
  // Values that were readable as a document, but cannot be kept as parameter XML.
  if (isSlapError(error, 'SLAP_INVALID_ARGUMENT') || isSlapError(error, 'SLAP_INVALID_DOCUMENT')) {
    return errorPage(400, error.message, error.hint);
  }
  logger.error('A request failed', { requestId, path: pathOf(request.url), error });
  return errorPage(500, SERVER_ERROR_TEXT);
}

function rpcPage(status: number, title: string): Response {
  return failureAnswer(status, title);
}
