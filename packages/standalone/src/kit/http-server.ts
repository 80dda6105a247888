import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { urlOf } from '../configuration/partition-addresses.js';

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
  const host = listen.host ?? '127.0.0.1';
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const { method = 'GET', url = '/', headers } = incoming;
      const seen = { method, url, headers, body: Buffer.concat(parts).toString('utf8') };
      requests.push(seen);
      await handler(seen, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500);
      response.end(error instanceof Error ? error.message : String(error));
    }
  };
  const server = createServer((incoming, response) => void answer(incoming, response));
  server.listen(listen.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${urlOf(host, port)}/`,
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
