import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

import { marshal, MarshalObject } from '@slapos/slap';

/** What it does with a request, instead of answering it. */
export type Failure = (socket: Socket, path: string) => void;

/** A master that answers as it should until it is told otherwise. */
export interface FailingMaster extends AsyncDisposable {
  readonly port: number;
  /** The paths of the calls since the last look. */
  takePaths(): string[];
  /** How it fails; `undefined`: it does not. */
  failure: Failure | undefined;
}

const RELEASE_URL = 'https://example.org/web/software.cfg';

/** The full information about a computer with one started partition. */
export function computerDocument(timestamp: string): string {
  const partition = new MarshalObject({
    className: 'ComputerPartition',
    initArguments: ['COMP-0', 'slappart0'],
    attributes: {
      _requested_state: 'started',
      _access_status: '#access is ok',
      _software_release_document: new MarshalObject({
        className: 'SoftwareRelease',
        initArguments: [RELEASE_URL, 'COMP-0'],
        attributes: { _software_release: RELEASE_URL, _computer_guid: 'COMP-0' },
      }),
      _parameter_dict: { timestamp },
    },
  });
  return marshal(
    new MarshalObject({
      className: 'Computer',
      initArguments: ['COMP-0'],
      attributes: { _software_release_list: [], _computer_partition_list: [partition] },
    }),
  );
}

/** A whole answer of HTTP/1.1. */
export function httpAnswer(status: number, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const all = { 'content-length': String(Buffer.byteLength(body)), ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${String(status)} X\r\n${head.join('')}\r\n${body}`;
}

/** Starts it on a free port. `timestamp` is that of its partition, asked for with each request. */
export async function startFailingMaster(timestamp: () => string, tls?: TlsOptions): Promise<FailingMaster> {
  const sockets = new Set<Socket>();
  const paths: string[] = [];
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {}); // The client goes away in the middle: that is what is tested.
    socket.on('close', () => sockets.delete(socket));
    let pending = '';
    socket.on('data', (data) => {
      pending += data.toString('latin1');
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0);
      if (pending.length < end + 4 + length) return;
      const path = /^\S+ \/([^ ?]*)/.exec(pending)?.[1] ?? '';
      pending = pending.slice(end + 4 + length);
      paths.push(path);
      if (master.failure !== undefined) master.failure(socket, path);
      else answerWell(socket, path, timestamp());
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const master: FailingMaster = {
    port: (server.address() as AddressInfo).port,
    failure: undefined,
    takePaths: () => paths.splice(0),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return master;
}

/** The answer of a master that works. */
export function answerWell(socket: Socket, path: string, timestamp: string): void {
  socket.write(httpAnswer(200, path.startsWith('getFull') ? computerDocument(timestamp) : ''));
}
