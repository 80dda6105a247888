import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issueCertificate, makeAuthority } from '@slapos/proxy';
import { urlOf } from '../configuration/partition-addresses.js';

const DEFAULT_HOST = '127.0.0.1';
const INTERNAL_ERROR = 500;
const MILLISECONDS_PER_SECOND = 1000;

/** A request that a managed server has answered. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server of a test, for instances to talk to. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** In the order in which they came. */
  readonly requests: readonly SeenRequest[];
}

/** A server of a test that speaks TLS. */
export interface HttpsServer extends HttpServer {
  /** The certificate, PEM, of the authority that vouches for it: made for it, and forgotten with it. */
  readonly authority: string;
}

/** Answers a request; the body has been read. */
export type HttpHandler = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/**
 * Serves HTTP in this process until it is disposed of. Default: a free port of `127.0.0.1`; a handler that throws answers 500 with its
 * message.
 */
export async function startHttpServer(
  handler: HttpHandler,
  listen: { readonly host?: string; readonly port?: number } = {},
): Promise<HttpServer> {
  const requests: SeenRequest[] = [];
  return serve(createServer(answerWith(handler, requests)), 'http', listen, requests);
}

/** Like {@link startHttpServer}, over TLS: clients have to trust its `authority`. */
export async function startHttpsServer(
  handler: HttpHandler,
  listen: { readonly host?: string; readonly port?: number } = {},
): Promise<HttpsServer> {
  const now = Math.floor(Date.now() / MILLISECONDS_PER_SECOND);
  const authority = await makeAuthority(now);
  const host = listen.host ?? DEFAULT_HOST;
  const { certificate, key } = await issueCertificate(authority, host, now, [host, 'localhost']);
  const requests: SeenRequest[] = [];
  const server = createTlsServer({ cert: certificate, key }, answerWith(handler, requests));
  return Object.assign(await serve(server, 'https', listen, requests), { authority: authority.certificate });
}

function answerWith(
  handler: HttpHandler,
  requests: SeenRequest[],
): (incoming: IncomingMessage, response: ServerResponse) => void {
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const { method = 'GET', url = '/', headers } = incoming;
      const seen = { method, url, headers, body: Buffer.concat(parts).toString('utf8') };
      requests.push(seen);
      await handler(seen, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(INTERNAL_ERROR);
      response.end(error instanceof Error ? error.message : String(error));
    }
  };
  return (incoming, response) => void answer(incoming, response);
}

async function serve(
  server: Server,
  scheme: 'http' | 'https',
  listen: { readonly host?: string; readonly port?: number },
  requests: readonly SeenRequest[],
): Promise<HttpServer> {
  const host = listen.host ?? DEFAULT_HOST;
  server.listen(listen.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${urlOf(host, port, scheme)}/`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
