import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { getRequestListener } from '@hono/node-server';
import type { Logger } from '@slapos/slap';

import type { ProxyLimits } from '../configuration/proxy-options.js';
import { ProxyError } from '../errors.js';

/** How often connections are looked at for requests that take too long. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
const BUSY_ANSWER =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Where to listen: on a port of an address (0: a free one), or on a Unix socket. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  /** Only those who may write to the file can connect. */
  | { readonly socketPath: string };

/** A server that is listening. */
export interface RunningServer {
  readonly url: string;
  /** 0 on a Unix socket. */
  readonly port: number;
  /** Stops accepting, lets running requests end for so long, and closes. */
  close(graceMs: number): Promise<void>;
}

/**
 * Serves `fetch` over HTTP/1.1.
 * @throws ProxyError `PROXY_LISTEN_FAILED`.
 */
export async function startServer(
  fetch: (request: Request, drop: () => Response) => Promise<Response>,
  address: ListenAddress,
  limits: ProxyLimits,
  logger: Logger,
): Promise<RunningServer> {
  const listener = getRequestListener(
    (request, { outgoing }) =>
      fetch(request, () => {
        outgoing.destroy();
        return new Response(null);
      }),
    { overrideGlobalObjects: false },
  );
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
    (request, response) => void listener(request, response),
  );
  capConnections(server, limits.maxConnections, logger);
  await listen(server, address);
  return {
    url: urlOf(server, address),
    port: 'port' in address ? (server.address() as AddressInfo).port : 0,
    close: (graceMs) => close(server, graceMs),
  };
}

function capConnections(server: Server, maxConnections: number, logger: Logger): void {
  const open = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    if (open.size >= maxConnections) {
      logger.warn('Too many connections: one was turned away', { maxConnections });
      socket.end(BUSY_ANSWER);
      socket.destroySoon();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const place = 'socketPath' in address ? address.socketPath : `${address.host} port ${address.port}`;
      reject(
        new ProxyError(
          'PROXY_LISTEN_FAILED',
          `Cannot listen on ${place}: ${LISTEN_PROBLEMS[error.code ?? ''] ?? error.code ?? error.message}`,
          {
            cause: error,
            hint: listenHint(error.code),
          },
        ),
      );
    });
    server.listen(
      'socketPath' in address ? { path: address.socketPath } : { host: address.host, port: address.port },
      resolve,
    );
  });
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'this user may not',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

function listenHint(code: string | undefined): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'Another program, perhaps another proxy, listens there: end it, or choose another port.';
    case 'EACCES':
      return 'Ports below 1024 are for root: choose a higher one.';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'The host is no address of this machine: 127.0.0.1 always is.';
    default:
      return 'Choose another host or port.';
  }
}

function urlOf(server: Server, address: ListenAddress): string {
  if ('socketPath' in address) return `http+unix://${encodeURIComponent(address.socketPath)}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
