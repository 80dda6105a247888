import type { Hono } from 'hono';

import { methodNotAllowedPage } from './html-pages.js';

/** Answers one request; `parameters` are the named parts of its path, decoded. */
export type RouteHandler = (
  request: Request,
  parameters: Readonly<Record<string, string>>,
) => Promise<Response> | Response;

/** The routes of a resource. Also answers `HEAD` where there is `GET`, `OPTIONS`, and 405 for all other verbs. */
export class RouteTable {
  readonly #app: Hono;

  constructor(app: Hono) {
    this.#app = app;
  }

  get(path: string, handler: RouteHandler): void {
    this.#add('GET', path, handler, 'GET, HEAD, OPTIONS');
  }

  post(path: string, handler: RouteHandler): void {
    this.#add('POST', path, handler, 'OPTIONS, POST');
  }

  #add(method: 'GET' | 'POST', path: string, handler: RouteHandler, allow: string): void {
    this.#app.on(method, path, (context) => handler(context.req.raw, context.req.param()));
    this.#app.all(path, (context) =>
      context.req.method === 'OPTIONS'
        ? new Response('', { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', allow } })
        : methodNotAllowedPage(allow),
    );
  }
}
