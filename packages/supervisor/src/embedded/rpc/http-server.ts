import { createHash, timingSafeEqual } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import type { SocketConfiguration } from '../configuration/types.js';
import type { SupervisorDaemon } from '../daemon/supervisor-daemon.js';
import { readCall, type RpcCall } from '../../xml-rpc/read-call.js';
import { writeAnswer, writeFault } from '../../xml-rpc/write-answer.js';
import { RpcFault } from './fault.js';
import { followLog } from './follow-log.js';
import { RpcMethods } from './methods.js';

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_CONNECTIONS = 64;
const IDLE_MS = 30_000;
const PRIVATE_UMASK = 0o077;

/** The socket is in use by another supervisor. */
export class SocketInUseError extends Error {}

/**
 * Serves the methods and logs of a daemon on a Unix socket (spec: supervisor §9.1). Who can connect may do everything, so the socket is
 * never there with a wider mode than it shall have: it is made under another name, which is linked to the final one when all is set.
 */
export class ControlServer implements AsyncDisposable {
  readonly #socket: SocketConfiguration;
  readonly #daemon: SupervisorDaemon;
  readonly #methods: RpcMethods;
  readonly #server: http.Server;
  #isBound = false;

  constructor(socket: SocketConfiguration, daemon: SupervisorDaemon) {
    this.#socket = socket;
    this.#daemon = daemon;
    this.#methods = new RpcMethods(daemon);
    this.#server = http.createServer(
      { requestTimeout: IDLE_MS, headersTimeout: IDLE_MS, keepAliveTimeout: IDLE_MS },
      (request, response) => {
        this.#handle(request, response).catch((error: unknown) => {
          this.#daemon.mainLog.write(
            'critical',
            `uncaptured exception while answering: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
          );
          respond(response, 500, 'text/plain', 'Internal Server Error');
        });
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** @throws SocketInUseError, a system error */
  async listen(): Promise<void> {
    const { file, mode, owner } = this.#socket;
    await removeStaleSocket(file);
    const temporary = `${file}.${String(process.pid)}`;
    fs.rmSync(temporary, { force: true });
    const umask = process.umask(PRIVATE_UMASK);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(temporary, () => resolve());
        process.umask(umask);
      });
      fs.chmodSync(temporary, mode);
      if (owner) fs.chownSync(temporary, owner.uid, owner.gid);
      fs.linkSync(temporary, file);
      this.#isBound = true;
    } catch (error) {
      this.#server.close();
      throw error instanceof Error && 'code' in error && error.code === 'EEXIST'
        ? new SocketInUseError(inUse(file))
        : error;
    } finally {
      process.umask(umask);
      fs.rmSync(temporary, { force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The name goes first: nobody shall connect to what ends.
    if (this.#isBound) fs.rmSync(this.#socket.file, { force: true });
    this.#isBound = false;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (!this.#isAllowed(request)) {
      response.setHeader('WWW-Authenticate', 'Basic realm="default"');
      respond(response, 401, 'text/plain', 'Unauthorized');
      return;
    }
    const url = (request.url ?? '/').split('?')[0] ?? '/';
    if (url.startsWith('/RPC2')) return this.#rpc(request, response);
    if (url.startsWith('/logtail/') || url === '/mainlogtail') return this.#tail(request, response, url);
    respond(response, 404, 'text/plain', 'Not Found');
  }

  async #rpc(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (request.method !== 'POST' || body === undefined) {
      respond(response, body === undefined ? 413 : 400, 'text/plain', 'Bad Request');
      return;
    }
    let call: RpcCall;
    try {
      call = readCall(body);
    } catch (error) {
      this.#daemon.mainLog.write(
        'error',
        `XML-RPC request received is no call: ${error instanceof Error ? error.message : String(error)}`,
      );
      respond(response, 400, 'text/plain', 'Bad Request');
      return;
    }
    this.#daemon.mainLog.write('trace', `XML-RPC method called: ${call.method}()`);
    try {
      respond(response, 200, 'text/xml', writeAnswer(await this.#methods.call(call.method, call.parameters)));
    } catch (error) {
      if (!(error instanceof RpcFault)) throw error;
      respond(response, 200, 'text/xml', writeFault(error.faultCode, error.message));
    }
  }

  async #tail(request: http.IncomingMessage, response: http.ServerResponse, url: string): Promise<void> {
    if (request.method !== 'GET') {
      respond(response, 400, 'text/plain', 'Bad Request');
      return;
    }
    if (url === '/mainlogtail') return followLog(response, () => this.#daemon.mainLog.file, undefined);
    const [, , encoded = '', stream = 'stdout'] = url.split('/');
    const process = this.#methods.processes.find(decode(encoded));
    if (!process || (stream !== 'stdout' && stream !== 'stderr')) {
      respond(response, 404, 'text/plain', 'Not Found');
      return;
    }
    return followLog(response, () => process[stream].file, process.configuration.uid);
  }

  #isAllowed(request: http.IncomingMessage): boolean {
    const { username, password = '' } = this.#socket;
    if (username === undefined) return true;
    const given = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) return false;
    const [name, ...words] = Buffer.from(given, 'base64').toString('utf8').split(':');
    const word = words.join(':');
    const offered = password.startsWith('{SHA}') ? `{SHA}${createHash('sha1').update(word).digest('hex')}` : word;
    return equal(name ?? '', username) && equal(offered, password);
  }
}

function equal(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function readBody(request: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function respond(response: http.ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** A socket that nobody serves any more is removed. */
async function removeStaleSocket(file: string): Promise<void> {
  if (!fs.existsSync(file)) return;
  const answered = await new Promise<boolean>((resolve) => {
    const connection = net.connect(file, () => resolve(true)).once('error', () => resolve(false));
    connection.unref();
    connection.once('connect', () => connection.destroy());
  });
  if (answered) throw new SocketInUseError(inUse(file));
  if (!fs.lstatSync(file).isSocket()) throw new Error(`${file} is in the way: it is no socket`);
  fs.rmSync(file, { force: true });
}

function inUse(file: string): string {
  return `Another program is already listening on a port that one of our HTTP servers is configured to use: unix://${file}. Shut this program down first before starting supervisord.`;
}
