import { headersOfStatus } from './status-headers.js';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  508: 'Loop Detected',
};

export const HTML_CONTENT_TYPE = 'text/html; charset=utf-8';
export const NOT_FOUND_TEXT =
  'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.';
const METHOD_NOT_ALLOWED_TEXT = 'The method is not allowed for the requested URL.';

/** What HTTP answers without a body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** An answer of the tool API: text, which is called HTML whatever it is (spec: proxy §2). */
export function textAnswer(body: string, headers?: Readonly<Record<string, string>>): Response {
  return new Response(body, { status: 200, headers: { 'content-type': HTML_CONTENT_TYPE, ...headers } });
}

/** A page for an error: what is wrong and, when it is known, what to do about it. Texts are escaped. */
export function errorPage(
  status: number,
  description: string,
  hint?: string,
  headers?: Readonly<Record<string, string>>,
): Response {
  const reason = REASONS[status] ?? 'Error';
  const advice = hint === undefined ? '' : `<p>${escapeHtml(hint)}</p>\n`;
  const body = `<!doctype html>\n<html lang=en>\n<title>${status} ${reason}</title>\n<h1>${reason}</h1>\n<p>${escapeHtml(description)}</p>\n${advice}`;
  const all = { 'content-type': HTML_CONTENT_TYPE, ...headersOfStatus(status), ...headers };
  return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers: all });
}

export function notFoundPage(): Response {
  return errorPage(404, NOT_FOUND_TEXT);
}

export function methodNotAllowedPage(allow: string): Response {
  return errorPage(405, METHOD_NOT_ALLOWED_TEXT, undefined, { allow });
}

/** A redirection with a link, for those who look at the body. */
export function redirectPage(status: 302 | 308, location: string): Response {
  const target = escapeHtml(location);
  const body = `<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be redirected automatically to the target URL: <a href="${target}">${target}</a>. If not, click the link.\n`;
  return new Response(body, { status, headers: { 'content-type': HTML_CONTENT_TYPE, location } });
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
