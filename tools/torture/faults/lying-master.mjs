import { createServer, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** @import { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http' */

/**
 * @typedef {{ status: number, headers: OutgoingHttpHeaders, body: Buffer }} Answer
 * @typedef {(exchange: { response: ServerResponse, forward: () => Promise<Answer>, stale: () => Answer | undefined }) => Promise<void>} Lie
 */

const DELAY_MS = 400;
const TRICKLE_PAUSE_MS = 40;
const TRICKLE_PIECES = 5;
const PAGE = Buffer.from('<!DOCTYPE html><title>Welcome</title><p>Please log in to the network.');
const DOCUMENT = '/getFullComputerInformation';

/** @param {IncomingMessage} message */
async function bytesOf(message) {
  const chunks = /** @type {Buffer[]} */ ([]);
  for await (const chunk of message) chunks.push(/** @type {Buffer} */ (chunk));
  return Buffer.concat(chunks);
}

/** @param {ServerResponse} response @param {Answer} answer */
function send(response, { status, headers, body }) {
  response.writeHead(status, headers);
  response.end(body);
}

/** What was said to be done is done all the same: only the answer is another. @param {number} status @param {Buffer} body @returns {Lie} */
const instead =
  (status, body) =>
  async ({ response, forward }) => {
    await forward();
    send(response, { status, headers: { 'content-type': 'text/html', 'content-length': body.length }, body });
  };

/** @param {number} status @returns {Lie} */
const error =
  (status) =>
  async ({ response }) =>
    send(response, { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from('out of order\n') });

/** @type {Readonly<Record<string, Lie>>} */
const LIES = {
  refuse: async ({ response }) => void response.socket?.destroy(),
  slow: async ({ response, forward }) => {
    await wait(DELAY_MS);
    send(response, await forward());
  },
  trickle: async ({ response, forward }) => {
    const { status, headers, body } = await forward();
    response.writeHead(status, headers);
    const size = Math.ceil(body.length / TRICKLE_PIECES);
    for (let at = 0; at < body.length; at += size) {
      response.write(body.subarray(at, at + size));
      await wait(TRICKLE_PAUSE_MS);
    }
    response.end();
  },
  cut: async ({ response, forward }) => {
    const { status, headers, body } = await forward();
    response.writeHead(status, { ...headers, 'content-length': body.length + 1 });
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
  },
  'lose the answer': async ({ response, forward }) => {
    await forward();
    response.socket?.destroy();
  },
  'error 500': error(500),
  'error 503': error(503),
  'error 404': error(404),
  'page with 200': instead(200, PAGE),
  'nothing with 200': instead(200, Buffer.alloc(0)),
  'wrong length': async ({ response, forward }) => {
    const { status, headers, body } = await forward();
    response.writeHead(status, { ...headers, 'content-length': Math.max(0, body.length - 1) });
    response.end(body.subarray(0, Math.max(0, body.length - 1)));
  },
  stale: async ({ response, forward, stale }) => send(response, stale() ?? (await forward())),
};

/** Between the node and its master: passes on what is asked, or lies. */
export class LyingMaster {
  #server = createServer((request, response) => void this.#serve(request, response));
  #masterPort;
  /** @type {Lie[]} */
  #lies = [];
  /** @type {Answer | undefined} An earlier word of what the node is to do. */
  #before;
  /** How many listen who must not be given an old word for a new one. */
  truthful = 0;
  port = 0;
  /** How many were told. */
  lies = 0;

  /** @param {number} masterPort */
  constructor(masterPort) {
    this.#masterPort = masterPort;
  }

  async listen() {
    this.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The lying master has no port.');
    this.port = address.port;
  }

  /** The next answers are lies of this kind. @param {string} how @param {number} answers */
  lie(how, answers) {
    const lie = LIES[how];
    if (lie === undefined) throw new Error(`There is no such lie: ${how}. There are: ${Object.keys(LIES).join(', ')}`);
    for (let index = 0; index < answers; index += 1) this.#lies.push(lie);
  }

  tellTheTruth() {
    this.#lies = [];
    this.#before = undefined;
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** @param {IncomingMessage} request @param {ServerResponse} response */
  async #serve(request, response) {
    try {
      const body = await bytesOf(request);
      const isDocument = request.url?.startsWith(DOCUMENT) === true;
      const before = this.#before;
      const forward = async () => {
        const answer = await this.#forward(request, body);
        if (isDocument && answer.status === 200) this.#before ??= answer;
        return answer;
      };
      const lie = this.#lies.shift();
      const stale = () => (isDocument && this.truthful === 0 ? before : undefined);
      if (lie === undefined) send(response, await forward());
      else {
        this.lies += 1;
        await lie({ response, forward, stale });
      }
    } catch {
      // The master is down, or the node has gone: both learn it from their connection.
      response.socket?.destroy();
    }
  }

  /** @param {IncomingMessage} incoming @param {Buffer} body @returns {Promise<Answer>} */
  async #forward(incoming, body) {
    const headers = { ...incoming.headers };
    delete headers['transfer-encoding'];
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: this.#masterPort,
      method: incoming.method,
      path: incoming.url,
      headers: { ...headers, connection: 'close', 'content-length': body.length },
    });
    outgoing.end(body);
    const [answer] = /** @type {[IncomingMessage]} */ (await once(outgoing, 'response'));
    const content = await bytesOf(answer);
    const { connection: _, 'transfer-encoding': __, ...kept } = answer.headers;
    return { status: answer.statusCode ?? 0, headers: { ...kept, 'content-length': content.length }, body: content };
  }
}
