import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';

import { SlapError } from '../errors.js';
import type { Logger } from '../logger.js';
import { connectionError } from './http-errors.js';
import type * as HttpLibrariesModule from './http-libraries.js';
import type { Dispatcher } from './http-libraries.js';

const MAX_REDIRECTS = 3;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const TRANSIENT_STATUSES = [502, 503, 504];
const KEEP_ALIVE_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 10_000;
const LONGEST_BACKOFF_MS = 5_000;
const UNPACKING = { chunkSize: 64 * 1024 };

/** How the transport behaves; see `SlapClientOptions` for the meaning of each. */
export interface HttpTransportOptions {
  readonly keyFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly masterCaFile?: string | undefined;
  readonly insecure: boolean;
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly retries: number;
  readonly proxyUrl?: string | undefined;
  readonly maxAnswerBytes: number;
  readonly userAgent: string;
  readonly authorization?: { readonly origin: string; readonly value: string } | undefined;
  /** Follows redirects to other hosts, too: only for public documents, where no identity is sent. Default false. */
  readonly followsAnywhere?: boolean | undefined;
  readonly logger: Logger;
}

/** One call. */
export interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Whether sending it twice does the same as once: only such a call is tried again. Default: GET only. */
  readonly isIdempotent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A call that was made, for those who watch. The query is left out: it is long, and may hold what is nobody's business. */
export interface MasterRequest {
  readonly method: 'GET' | 'POST';
  /** `/getFullComputerInformation` */
  readonly path: string;
  /** Absent when nothing came back. */
  readonly status?: number;
  /** Why nothing came back. */
  readonly message?: string;
  /** Tries that failed and redirects included. */
  readonly durationMs: number;
}

/** Hears of each call when it has ended. It must not throw. */
export type MasterRequestListener = (request: MasterRequest) => void;

/** What came back, whatever the status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body, in the pieces in which it came: a whole document would need its memory twice. */
  readonly body: readonly Uint8Array[];
  /** The body as UTF-8. */
  text(): string;
}

/** What a call is made with. It is loaded with the first one: a program that only reads and writes documents starts without. */
type HttpLibraries = typeof HttpLibrariesModule;

/** HTTP with one identity: keep-alive, time-outs, retries, TLS. With `http-libraries.ts` the only file that knows ky and undici. */
export class HttpTransport implements AsyncDisposable {
  readonly #options: HttpTransportOptions;
  #libraries: Promise<HttpLibraries> | undefined;
  #dispatcher: Promise<Dispatcher> | undefined;
  readonly #listeners = new Set<MasterRequestListener>();

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    if (options.insecure) {
      options.logger.warn('The certificate of the master is not verified: anyone on the path can act as the master.');
    }
  }

  /**
   * Sends a call and reads the whole answer. Any HTTP status is an answer, not an error.
   * Up to 3 redirects are followed within the same scheme, host and port; any other is an error.
   * @throws SlapError `SLAP_CONNECTION_FAILED` (retryable), `SLAP_TLS_FAILED`, `SLAP_HTTP_ERROR` for a refused redirect.
   */
  async send(call: HttpCall): Promise<HttpAnswer> {
    if (this.#listeners.size === 0) return this.#sendFollowing(call);
    const began = performance.now();
    const tell = (end: Pick<MasterRequest, 'status' | 'message'>): void => {
      const { method, url } = call;
      const request = { method, path: url.pathname, ...end, durationMs: Math.round(performance.now() - began) };
      for (const listener of this.#listeners) listener(request);
    };
    try {
      const answer = await this.#sendFollowing(call);
      tell({ status: answer.status });
      return answer;
    } catch (error) {
      tell({ message: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  /** Tells of all calls from now on. @returns ends it */
  onRequest(listener: MasterRequestListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async #sendFollowing(call: HttpCall): Promise<HttpAnswer> {
    let current = call;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#sendOnce(current);
      const location = answer.headers.get('location');
      if (!REDIRECT_STATUSES.has(answer.status) || location === null) return answer;
      if (redirects === MAX_REDIRECTS)
        throw redirectError(call.url, `more than ${MAX_REDIRECTS} redirects`, answer.status);
      current = redirected(current, location, answer.status, this.#options.followsAnywhere === true);
    }
  }

  async #sendOnce(call: HttpCall): Promise<HttpAnswer> {
    const libraries = await this.#load();
    const { ky, HTTPError } = libraries;
    const dispatcher = await this.#open(libraries);
    const isIdempotent = call.isIdempotent ?? call.method === 'GET';
    let response: Response;
    // Of the last try. Not in the response: that would copy it.
    let body: readonly Uint8Array[] = [];
    try {
      response = await ky(call.url, {
        method: call.method,
        headers: this.#headers(call),
        ...(call.body === undefined ? {} : { body: call.body }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
        redirect: 'manual',
        timeout: this.#options.totalTimeoutMs,
        fetch: async (input) => {
          const answer = await this.#fetch(input as Request, libraries, dispatcher);
          ({ body } = answer);
          return answer.head;
        },
        retry: {
          limit: this.#options.retries,
          methods: isIdempotent ? [call.method === 'GET' ? 'get' : 'post'] : [],
          statusCodes: TRANSIENT_STATUSES,
          afterStatusCodes: TRANSIENT_STATUSES,
          maxRetryAfter: LONGEST_RETRY_AFTER_MS,
          backoffLimit: LONGEST_BACKOFF_MS,
          jitter: true,
          shouldRetry: ({ error }) => this.#shouldRetry(call, error, libraries),
        },
      });
    } catch (error) {
      if (error instanceof HTTPError) response = error.response;
      else if (call.signal?.aborted === true) throw call.signal.reason;
      else throw this.#failure(call, error, libraries);
    }
    return { status: response.status, headers: response.headers, body, text: () => decodePieces(body) };
  }

  #shouldRetry(call: HttpCall, error: Error, libraries: HttpLibraries): boolean | undefined {
    if (error instanceof libraries.HTTPError) return undefined; // By its status.
    if (call.signal?.aborted === true || !isSlapConnectionFailure(this.#failure(call, error, libraries))) return false;
    this.#options.logger.debug('A call to the master failed and is sent again.', { call: call.url.pathname, error });
    return undefined;
  }

  #failure(call: HttpCall, error: unknown, { TimeoutError }: HttpLibraries): SlapError {
    return connectionError(call.method, call.url, error, {
      isDeadline: error instanceof TimeoutError,
      timeoutMs: this.#options.totalTimeoutMs,
    });
  }

  #headers(call: HttpCall): Record<string, string> {
    const { authorization, userAgent } = this.#options;
    return {
      accept: '*/*',
      'accept-encoding': 'gzip, deflate',
      'user-agent': userAgent,
      ...(authorization?.origin === call.url.origin ? { authorization: authorization.value } : {}),
      ...call.headers,
    };
  }

  /** What ky calls: one exchange, its body read to the end, so that a broken body counts as a failed call. */
  async #fetch(
    request: Request,
    { request: send }: HttpLibraries,
    dispatcher: Dispatcher,
  ): Promise<{ readonly head: Response; readonly body: readonly Uint8Array[] }> {
    const { timeoutMs, maxAnswerBytes } = this.#options;
    const answer = await send(request.url, {
      dispatcher,
      method: request.method as 'GET' | 'POST',
      headers: Object.fromEntries(request.headers),
      body: request.method === 'POST' ? await request.text() : null,
      signal: request.signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const body = await readBody(answer.body, answer.headers['content-encoding'], maxAnswerBytes);
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const item of Array.isArray(value) ? value : [value]) if (item !== undefined) headers.append(name, item);
    }
    return { head: new Response(null, { status: answer.statusCode, headers }), body };
  }

  #load(): Promise<HttpLibraries> {
    this.#libraries ??= import('./http-libraries.js');
    return this.#libraries;
  }

  #open(libraries: HttpLibraries): Promise<Dispatcher> {
    this.#dispatcher ??= this.#createDispatcher(libraries);
    return this.#dispatcher;
  }

  async #createDispatcher({ Agent, ProxyAgent }: HttpLibraries): Promise<Dispatcher> {
    const { keyFile, certFile, masterCaFile, insecure, timeoutMs, proxyUrl } = this.#options;
    const [key, cert, ca] = await Promise.all([
      readPem(keyFile, 'the key of the client certificate'),
      readPem(certFile, 'the client certificate'),
      readPem(masterCaFile, 'the certificates of the authorities (master_ca_file)'),
    ]);
    const tls = {
      rejectUnauthorized: !insecure,
      minVersion: 'TLSv1.2' as const,
      ...(key === undefined || cert === undefined ? {} : { key, cert }),
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
    };
    const common = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
    return proxyUrl === undefined
      ? new Agent({ ...common, connect: { ...tls, timeout: timeoutMs } })
      : new ProxyAgent({ ...common, uri: proxyUrl, requestTls: { ...tls, timeout: timeoutMs } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const dispatcher = await this.#dispatcher?.catch(() => undefined);
    this.#dispatcher = undefined;
    await dispatcher?.close();
  }
}

function isSlapConnectionFailure(error: SlapError): boolean {
  return error.code === 'SLAP_CONNECTION_FAILED';
}

async function readPem(path: string | undefined, what: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SlapError('SLAP_INVALID_ARGUMENT', `Cannot read ${what} in ${JSON.stringify(path)}.`, {
      hint: 'Check the path and that this user may read it.',
      cause,
    });
  }
}

class AnswerTooLong extends Error {
  readonly code = 'SLAP_ANSWER_TOO_LONG';
}

async function readBody(
  stream: Readable,
  encoding: string | string[] | undefined,
  maxBytes: number,
): Promise<Uint8Array[]> {
  const packed = piecesWithin(stream, maxBytes);
  const unpack = unpacker(encoding);
  // The limit holds for what comes out, too: a small body can be made of a huge one.
  return collect(unpack === undefined ? packed : piecesWithin(unpack(packed), maxBytes));
}

function unpacker(
  encoding: string | string[] | undefined,
): ((packed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) | undefined {
  if (encoding !== 'gzip' && encoding !== 'x-gzip' && encoding !== 'deflate') return undefined;
  return async function* (packed) {
    const [first, ...rest] = await collect(packed);
    // An answer without a body has none that could be unpacked.
    if (first === undefined) return;
    const stream = encoding === 'deflate' ? createInflate(UNPACKING) : createGunzip(UNPACKING);
    yield* Readable.from([first, ...rest]).compose(stream) as AsyncIterable<Uint8Array>;
  };
}

async function* piecesWithin(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > maxBytes) throw new AnswerTooLong(`The answer is longer than ${maxBytes} bytes.`);
    yield piece;
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

function decodePieces(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
}

function redirected(call: HttpCall, location: string, status: number, followsAnywhere: boolean): HttpCall {
  const url = URL.canParse(location, call.url.href) ? new URL(location, call.url) : undefined;
  const isAllowed = followsAnywhere ? url?.protocol === 'https:' : url?.origin === call.url.origin;
  if (url === undefined || !isAllowed || url.username !== '' || url.password !== '') {
    throw redirectError(call.url, 'a redirect to another scheme, host or port', status);
  }
  if (status === 307 || status === 308 || call.method === 'GET') return { ...call, url };
  const { body: _body, ...rest } = call;
  const headers = Object.fromEntries(Object.entries(call.headers ?? {}).filter(([name]) => name !== 'content-type'));
  return { ...rest, method: 'GET', url, headers };
}

function redirectError(url: URL, what: string, status: number): SlapError {
  return new SlapError('SLAP_HTTP_ERROR', `The master answered ${url.origin}${url.pathname} with ${what}.`, {
    status,
    hint: 'Give the final URL of the master.',
  });
}
