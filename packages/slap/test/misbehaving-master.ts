import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What the server does with the connection once it has read a request; `count` is the number of requests so far. */
export type Behaviour = (socket: Socket, count: number, head: string) => void;

/** A raw server of TCP or TLS, so that it can break every rule of HTTP. */
export interface MisbehavingMaster extends AsyncDisposable {
  port: number;
  /** Requests and connections that it saw. */
  requests: number;
  connections: number;
}

/** Starts it on a free port of the loopback interface. */
export async function startMisbehaving(
  behaviour: Behaviour,
  options: { tls?: TlsOptions; onConnection?: (socket: Socket) => void } = {},
): Promise<MisbehavingMaster> {
  const sockets = new Set<Socket>();
  const master = { port: 0, requests: 0, connections: 0 };
  const serve = (socket: Socket) => {
    master.connections += 1;
    let pending = '';
    options.onConnection?.(socket);
    socket.on('data', (data) => {
      pending += data.toString('latin1');
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = pending.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (pending.length < end + 4 + length) return;
      pending = pending.slice(end + 4 + length);
      master.requests += 1;
      behaviour(socket, master.requests, head);
    });
  };
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // The client goes away in the middle: that is what is tested.
    socket.on('close', () => sockets.delete(socket));
  };
  const server: Server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  server.on('connection', track);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  master.port = (server.address() as AddressInfo).port;
  return Object.assign(master, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}

/** A whole answer of HTTP/1.1. */
export function httpAnswer(status: number, body: string | Buffer = '', headers: Record<string, string> = {}): Buffer {
  const content = Buffer.from(body);
  const all = { 'content-length': String(content.length), ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${String(status)} X\r\n${head.join('')}\r\n`), content]);
}
