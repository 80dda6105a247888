import type { Hono } from 'hono';

import type { Principal } from '../access/principal.js';
import { methodNotAllowedPage } from './html-pages.js';

/** What the routes know beside the request itself. */
export interface RouteEnvironment {
  readonly principal: Principal;
}

/** Answers one request; `parameters` are the named parts of its path, decoded, and `principal` is who sends it. */
export type RouteHandler = (
  request: Request,
  parameters: Readonly<Record<string, string>>,
  principal: Principal,
) => Promise<Response> | Response;

/** The routes of a resource. Also answers `HEAD` where there is `GET`, `OPTIONS`, and 405 for all other verbs. */
export class RouteTable {
  readonly #app: Hono<{ Bindings: RouteEnvironment }>;
  readonly #fixed = new Set<string>();
  readonly #prefixes: string[] = [];
  readonly #options = new Map<string, RouteHandler>();

  constructor(app: Hono<{ Bindings: RouteEnvironment }>) {
    this.#app = app;
  }

  get(path: string, handler: RouteHandler): void {
    this.#add('GET', path, handler, 'GET, HEAD, OPTIONS');
  }

  post(path: string, handler: RouteHandler): void {
    this.#add('POST', path, handler, 'OPTIONS, POST');
  }

  /** What can be read and replaced. */
  resource(path: string, { get, put }: { readonly get: RouteHandler; readonly put: RouteHandler }): void {
    this.#app.on('PUT', path, (context) => put(context.req.raw, context.req.param(), context.env.principal));
    this.#add('GET', path, get, 'GET, HEAD, OPTIONS, PUT');
  }

  /** Answers `OPTIONS` of a path otherwise than by naming what is allowed. */
  options(path: string, handler: RouteHandler): void {
    this.#options.set(path, handler);
  }

  /** The route that serves a path, without what its parameters are; `other` for paths that none serves. */
  labelOf(path: string): string {
    if (this.#fixed.has(path)) return path;
    return this.#prefixes.find((prefix) => path.startsWith(prefix)) ?? 'other';
  }

  #add(method: 'GET' | 'POST', path: string, handler: RouteHandler, allow: string): void {
    const parameter = path.indexOf('/:');
    if (parameter === -1) this.#fixed.add(path);
    else this.#prefixes.push(path.slice(0, parameter + 1));
    this.#app.on(method, path, (context) => handler(context.req.raw, context.req.param(), context.env.principal));
    this.#app.all(path, (context) => {
      if (context.req.method !== 'OPTIONS') return methodNotAllowedPage(allow);
      const own = this.#options.get(path);
      return own === undefined
        ? new Response('', { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', allow } })
        : own(context.req.raw, context.req.param(), context.env.principal);
    });
  }
}
