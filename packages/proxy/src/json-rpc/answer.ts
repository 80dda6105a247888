import { isSlapError } from '@slapos/slap';

import { ProxyError } from '../errors.js';
import { spacedJson } from '../http/python-json.js';
import { headersOfStatus } from '../http/status-headers.js';

const HEADERS = { 'content-type': 'application/json' };

/** What a call that could not be understood is told, as by the Python proxy. */
export const BAD_REQUEST_TEXT = 'The browser (or proxy) sent a request that this server could not understand.';
export const NOT_ALLOWED_TEXT = 'The method is not allowed for the requested URL.';
export const NOT_ACCEPTABLE_TEXT =
  'The resource identified by the request is only capable of generating response entities which have content characteristics not acceptable according to the accept headers sent in the request.';
export const SERVER_ERROR_TEXT = 'Internal server error';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  413: 'Request Entity Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  508: 'Loop Detected',
};
const NOT_FOUND_STATUS = 404;
const CONFLICT_STATUS = 409;

/** The answer of a method that succeeded; `result` is JSON. */
export function resultAnswer(result: string): Response {
  return new Response(result, { status: 200, headers: HEADERS });
}

/** The answer to a call that failed: `{status, type, title}` (spec: proxy §8). */
export function failureAnswer(status: number, title: string, headers?: Readonly<Record<string, string>>): Response {
  const body = spacedJson({ status, type: REASONS[status] ?? 'Error', title });
  return new Response(body, { status, headers: { ...HEADERS, ...headersOfStatus(status), ...headers } });
}

/** The status and title for an error; `undefined` for one that no request can be the cause of. */
export function failureOfError(error: unknown): { readonly status: number; readonly title: string } | undefined {
  if (error instanceof ProxyError && error.httpStatus !== 500) {
    // What is not there, and what cannot be, is all "forbidden" in this API.
    const isRefusal = error.httpStatus === NOT_FOUND_STATUS || error.httpStatus === CONFLICT_STATUS;
    return { status: isRefusal ? 403 : error.httpStatus, title: error.message };
  }
  if (isSlapError(error, 'SLAP_INVALID_ARGUMENT') || isSlapError(error, 'SLAP_INVALID_DOCUMENT')) {
    return { status: 400, title: error.message };
  }
  return undefined;
}
