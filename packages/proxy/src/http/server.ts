import { unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import { getRequestListener } from '@hono/node-server';
import type { Logger } from '@slapos/slap';
import { z } from 'zod';

import type { ProxyLimits } from '../configuration/proxy-options.js';
import { ProxyError } from '../errors.js';

/** How often connections are looked at for requests that take too long. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
/** How often a server that closes looks for connections that nothing is asked on any more. */
const IDLE_SWEEP_INTERVAL_MS = 20;
const BUSY_ANSWER =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Where to listen: on a port of an address (0: a free one), or on a Unix socket. */
export type ListenAddress =
  | (ListenAccess & { readonly host: string; readonly port: number })
  /** Only those who may write to the file can connect. */
  | (ListenAccess & { readonly socketPath: string });

const MAX_PORT = 65_535;
const listenAccess = {
  access: z.enum(['open', 'restricted']).optional(),
  tls: z.strictObject({ names: z.array(z.string()).optional() }).optional(),
};

/** A {@link ListenAddress} as it must be. */
export const listenAddressSchema = z.union(
  [
    z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(MAX_PORT), ...listenAccess }),
    z.strictObject({ socketPath: z.string().startsWith('/'), ...listenAccess }),
  ],
  {
    error:
      'expected { host, port } with a port from 0 (any free one) to 65535, or { socketPath } with an absolute path; both with access and tls at will',
  },
);

/** Who may call over an address. */
export interface ListenAccess {
  /**
   * `open`: whoever can connect may do everything. `restricted`: users show their token or certificate, nodes and instances their certificates.
   * Default: open on loopback addresses and Unix sockets, restricted on all others.
   */
  readonly access?: 'open' | 'restricted';
  /** Serve TLS, with a certificate of the proxy's own authority for these names and addresses beside those of the machine. */
  readonly tls?: { readonly names?: readonly string[] };
}

/** What a TLS server shows, and whose client certificates it takes. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
  /** PEM. */
  readonly authority: string;
}

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
  fetch: (
    request: Request,
    caller: { readonly drop: () => Response; readonly certificateSerial?: string; readonly address?: string },
  ) => Promise<Response>,
  address: ListenAddress,
  { limits, logger, tls }: { readonly limits: ProxyLimits; readonly logger: Logger; readonly tls?: TlsIdentity },
): Promise<RunningServer> {
  const listener = getRequestListener(
    (request, { incoming, outgoing }) =>
      fetch(request, {
        drop: () => {
          outgoing.destroy();
          return new Response(null);
        },
        ...certificateOf(incoming.socket),
        ...(incoming.socket.remoteAddress === undefined ? {} : { address: incoming.socket.remoteAddress }),
      }),
    { overrideGlobalObjects: false },
  );
  const options = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => void listener(request, response);
  const server =
    tls === undefined
      ? createServer(options, answer)
      : // Who has no certificate may have a token: that is looked at with each request.
        createTlsServer(
          {
            ...options,
            key: tls.key,
            cert: tls.certificate + tls.authority,
            ca: tls.authority,
            requestCert: true,
            rejectUnauthorized: false,
            handshakeTimeout: limits.headersTimeoutMs,
          },
          answer,
        );
  capConnections(server, limits.maxConnections, logger);
  await listenAt(server, address);
  return {
    url: urlOf(server, address),
    port: 'port' in address ? (server.address() as AddressInfo).port : 0,
    close: (graceMs) => close(server, graceMs),
  };
}

/** The number of the client's certificate when our authority signed it, and it is in its time. */
function certificateOf(socket: Socket): { certificateSerial?: string } {
  if (!('encrypted' in socket)) return {};
  const { authorized } = socket as TLSSocket;
  const certificate = authorized ? (socket as TLSSocket).getPeerX509Certificate() : undefined;
  return certificate === undefined ? {} : { certificateSerial: certificate.serialNumber.toLowerCase() };
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

/** A socket that a proxy left when it was killed is removed: nobody answers there. */
async function listenAt(server: Server, address: ListenAddress): Promise<void> {
  try {
    await listen(server, address);
  } catch (error) {
    if (!('socketPath' in address) || !isInUse(error) || (await isAnswering(address.socketPath))) throw error;
    await unlink(address.socketPath);
    await listen(server, address);
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof ProxyError && (error.cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

function isAnswering(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Something else than a socket, or one that is not ours to connect to, is left alone.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const place = 'socketPath' in address ? address.socketPath : `${address.host} port ${address.port}`;
      reject(
        new ProxyError('PROXY_LISTEN_FAILED', `Cannot listen on ${place}: ${listenProblem(error, address)}`, {
          cause: error,
          hint: 'socketPath' in address ? SOCKET_HINT : listenHint(error.code),
        }),
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

const SOCKET_HINT =
  'Its folder must exist and be writable, nobody may listen there yet, and the path may be at most 107 bytes long.';

function listenProblem({ code = '', message }: NodeJS.ErrnoException, address: ListenAddress): string {
  // Node.js calls it that also when the folder is missing.
  if ('socketPath' in address && code === 'EACCES') return 'its folder is not there, or not writable';
  return LISTEN_PROBLEMS[code] ?? (code === '' ? message : code);
}

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
  return `${address.tls === undefined ? 'http' : 'https'}://${host}:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection that is kept alive becomes idle when its last answer is out: nobody tells.
  const sweeper = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_INTERVAL_MS);
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweeper);
  clearTimeout(timer);
}
