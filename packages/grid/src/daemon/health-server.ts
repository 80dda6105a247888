import { once } from 'node:events';
// A socket is no file that somebody else could have written: it is made and replaced here, in the operator's own folder.
// eslint-disable-next-line no-restricted-syntax -- see above
import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, isIP } from 'node:net';
import path from 'node:path';

import { GridError } from '../errors.js';
import type { ScheduledPassStatus } from './daemon.js';
import { daemonHealth, renderMetrics } from './metrics.js';

const SOCKET_MODE = 0o600;
const LARGEST_PORT = 65_535;

/** Where the health of the daemon is told: on this machine only, since it is told to everybody who asks. */
export type HealthAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** A health server that listens. Disposing of it closes it. */
export interface HealthServer extends AsyncDisposable {
  /** As it can be typed: `unix:/…` or `http://127.0.0.1:9150`. */
  readonly address: string;
}

/**
 * Reads `unix:PATH`, or a loopback address with a port: `127.0.0.1:9150`, `[::1]:9150`.
 * @throws GridError `GRID_INVALID_OPTIONS`
 */
export function readHealthAddress(text: string): HealthAddress {
  const socketPath = /^unix:(.+)$/.exec(text)?.[1];
  if (socketPath !== undefined && path.isAbsolute(socketPath)) return { socketPath };
  const tcp = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const host = tcp?.[1] ?? tcp?.[2];
  const port = Number(tcp?.[3]);
  if (host !== undefined && isLoopback(host) && port <= LARGEST_PORT) return { host, port };
  throw new GridError(
    'GRID_INVALID_OPTIONS',
    `${JSON.stringify(text)} is not a place to tell the health of the node: expected unix:/PATH or an address of this machine itself with a port`,
    { hint: 'For instance unix:/run/slapos.sock, 127.0.0.1:9150 or [::1]:9150.' },
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Serves `/healthz` (JSON; status 503 when a pass keeps failing) and `/metrics` (Prometheus).
 * A unix socket is for its owner alone; one that a process left behind is replaced.
 * @param furtherMetrics more families for `/metrics`, in the same format, made for each question
 * @throws GridError `GRID_INVALID_OPTIONS` when something else has the place
 */
export async function openHealthServer(
  address: HealthAddress,
  status: () => readonly ScheduledPassStatus[],
  furtherMetrics: () => Promise<string> = () => Promise.resolve(''),
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request, response, { passes: status(), furtherMetrics }).catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  if ('socketPath' in address) await removeStaleSocket(address.socketPath);
  server.listen('socketPath' in address ? { path: address.socketPath } : address);
  try {
    await once(server, 'listening');
  } catch (error) {
    const shown = 'socketPath' in address ? `unix:${address.socketPath}` : `${address.host}:${address.port}`;
    throw new GridError('GRID_INVALID_OPTIONS', `Cannot tell the health of the node on ${shown}`, { cause: error });
  }
  if ('socketPath' in address) await chmod(address.socketPath, SOCKET_MODE);
  return {
    address: 'socketPath' in address ? `unix:${address.socketPath}` : urlOf(server.address()),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return String(address);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

interface Told {
  readonly passes: readonly ScheduledPassStatus[];
  readonly furtherMetrics: () => Promise<string>;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { passes, furtherMetrics }: Told,
): Promise<void> {
  const place = request.url?.split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else if (place === '/healthz') {
    const health = daemonHealth(passes);
    response.writeHead(health.status === 'ok' ? 200 : 503, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(health)}\n`);
  } else if (place === '/metrics') {
    const metrics = `${renderMetrics(passes, process.memoryUsage.rss())}${await furtherMetrics()}`;
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics);
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There are /healthz and /metrics.\n');
  }
}

/** Only a socket that nobody answers on, never a file. */
async function removeStaleSocket(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined);
  if (found?.isSocket() !== true || (await isAnswered(socketPath))) return;
  await unlink(socketPath);
}

function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
