import type { JsonRpcMethodName } from '@slapos/slap';

import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import type { BodyReader } from '../http/body.js';
import { ownUrl } from '../http/own-url.js';
import { type JsonInput, spacedJson } from '../http/python-json.js';
import { requestIdOf } from '../http/request-id.js';
import type { RouteTable } from '../http/route-table.js';
import { acceptsJson, isJsonType } from '../json-rpc/accept.js';
import {
  BAD_REQUEST_TEXT,
  failureAnswer,
  failureOfError,
  NOT_ACCEPTABLE_TEXT,
  NOT_ALLOWED_TEXT,
  resultAnswer,
  SERVER_ERROR_TEXT,
} from '../json-rpc/answer.js';
import { AnswerCache } from '../json-rpc/answer-cache.js';
import { computerMethods } from '../json-rpc/methods/computer.js';
import { instanceMethods } from '../json-rpc/methods/instance.js';
import { requestMethods } from '../json-rpc/methods/request.js';
import { softwareReleaseMethods } from '../json-rpc/methods/software-release.js';
import { openApiDocument } from '../json-rpc/openapi.js';
import type { RpcCall, RpcMethods } from '../json-rpc/rpc-call.js';
import { MethodCheckers, METHOD_NAMES } from '../json-rpc/schemas.js';

const METHODS: RpcMethods = { ...computerMethods, ...softwareReleaseMethods, ...instanceMethods, ...requestMethods };
interface Served {
  readonly context: ProxyContext;
  readonly checkers: MethodCheckers;
  readonly answers: AnswerCache;
}
type AnyParams = Parameters<RpcMethods[JsonRpcMethodName]>[0]['params'];
type AnyMethod = (call: Omit<RpcCall<JsonRpcMethodName>, 'params'> & { params: AnyParams }) => Promise<JsonInput>;

/** The JSON-RPC API, `POST /slapos.METHOD`, and its description (spec: proxy §8). */
export function jsonRpcRoutes(routes: RouteTable, context: ProxyContext): void {
  const served = { context, checkers: new MethodCheckers(), answers: new AnswerCache(() => context.store.version()) };
  for (const method of METHOD_NAMES) {
    routes.post(`/slapos.${method}`, async (http) => {
      const answer = await callMethod(method, http, served);
      // The method has run all the same: also clients that say nonsense here rely on that.
      return acceptsJson(http.headers.get('accept')) ? answer : failureAnswer(406, NOT_ACCEPTABLE_TEXT);
    });
    routes.options(`/slapos.${method}`, () => failureAnswer(405, NOT_ALLOWED_TEXT, { allow: 'POST' }));
  }
  routes.get(
    '/openapi.json',
    (http) =>
      new Response(JSON.stringify(openApiDocument(ownUrl(http, context.options).root), undefined, 2), {
        headers: { 'content-type': 'application/json' },
      }),
  );
}

async function callMethod(
  method: JsonRpcMethodName,
  http: Request,
  { context, checkers, answers }: Served,
): Promise<Response> {
  const requestId = requestIdOf(http, context.options);
  try {
    const body = await readJsonText(http, context.bodies);
    const { known, keep } = await answers.look(method, body);
    if (known !== undefined) return resultAnswer(known);
    const params = parseJson(body);
    const { request, response } = checkers.of(method);
    const problem = request(params);
    if (problem !== undefined) return failureAnswer(400, problem);
    // The schema has just made sure of the type.
    const run = METHODS[method] as AnyMethod;
    const result = await run({ params: params as AnyParams, http, context });
    const fault = response(result);
    if (fault === undefined) {
      const text = spacedJson(result);
      keep(text);
      return resultAnswer(text);
    }
    context.logger.error('The result of a method is not as described', { requestId, method, problem: fault });
    return failureAnswer(500, fault);
  } catch (error) {
    const failure = failureOfError(error);
    if (failure !== undefined) return failureAnswer(failure.status, failure.title);
    context.logger.error('A request failed', { requestId, path: `/slapos.${method}`, error });
    return failureAnswer(500, SERVER_ERROR_TEXT);
  }
}

async function readJsonText(http: Request, bodies: BodyReader): Promise<string> {
  const body = await bodies.read(http);
  if (!isJsonType(http.headers.get('content-type'))) throw new ProxyError('PROXY_INVALID_REQUEST', BAD_REQUEST_TEXT);
  return understood(() => new TextDecoder('utf-8', { fatal: true }).decode(body));
}

function parseJson(text: string): unknown {
  return understood(() => JSON.parse(text) as unknown);
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ProxyError('PROXY_INVALID_REQUEST', BAD_REQUEST_TEXT, { cause });
  }
}
