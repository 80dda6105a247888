import { createHash } from 'node:crypto';
import type { ReadStream } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

import { GridError } from '../errors.js';

/** PEM texts for https. */
export interface TlsCredentials {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** (spec: grid 6.2) */
const READ_TIMEOUT_MS = 60_000;
/** The server digests what it is sent before it answers. (spec: grid 6.2) */
const WRITE_TIMEOUT_MS = 3_600_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_RESUMES = 5;
const OK = 200;
const PARTIAL = 206;
const FIRST_ERROR = 300;

interface RequestOptions {
  readonly tls: TlsCredentials;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | ReadStream;
  readonly signal?: AbortSignal | undefined;
}

function failed(method: string, url: URL, what: string, cause?: unknown): GridError {
  // The URL may hold a password.
  return new GridError('GRID_CACHE_FAILED', `${method} ${url.origin}${url.pathname}: ${what}`, {
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Sends a request; resolves with the answer's head. */
function open(url: URL, options: RequestOptions): Promise<http.IncomingMessage> {
  const { tls, method = 'GET', headers, body, signal } = options;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(failed(method, url, error instanceof Error ? error.message : 'failed', error));
    const isSecure = url.protocol === 'https:';
    const request = (isSecure ? https : http).request(
      url,
      {
        method,
        headers: { Connection: 'close', ...headers },
        agent: false,
        timeout: method === 'GET' ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
        ...(isSecure && tls.ca !== undefined ? { ca: tls.ca } : {}),
        ...(isSecure && tls.certificate !== undefined ? { cert: tls.certificate } : {}),
        ...(isSecure && tls.key !== undefined ? { key: tls.key } : {}),
        ...(url.username === ''
          ? {}
          : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
      },
      resolve,
    );
    request.once('error', fail);
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    if (typeof body === 'object') {
      body.once('error', (error) => request.destroy(error));
      body.pipe(request);
    } else {
      request.end(body);
    }
  });
}

async function readAll(answer: http.IncomingMessage, method: string, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw failed(method, url, `the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A small answer, whatever its status. */
export async function requestText(url: URL, options: RequestOptions): Promise<{ status: number; text: string }> {
  const answer = await open(url, options);
  const body = await readAll(answer, options.method ?? 'GET', url);
  return { status: answer.statusCode ?? 0, text: body.toString('utf8') };
}

/** Whether the status is a success. */
export function isSuccess(status: number): boolean {
  return status >= OK && status < FIRST_ERROR;
}

/**
 * Hands on the bytes of a download as they come, and goes on where a broken connection ended if the server can.
 * @returns the SHA-512 of all of it, in hexadecimal
 * @throws GridError `GRID_CACHE_FAILED`.
 */
export async function download(
  url: URL,
  options: { readonly tls: TlsCredentials; readonly signal?: AbortSignal | undefined; readonly maxBytes: number },
  onChunk: (chunk: Buffer) => Promise<void>,
): Promise<string> {
  const digest = createHash('sha512');
  let received = 0;
  let total: number | undefined;
  for (let resumes = 0; ; resumes += 1) {
    const headers = received === 0 ? {} : { Range: `bytes=${received}-` };
    const answer = await open(url, { tls: options.tls, signal: options.signal, headers });
    const status = answer.statusCode ?? 0;
    if (received === 0 ? !isSuccess(status) : status !== PARTIAL) {
      answer.destroy();
      throw failed('GET', url, `status ${status}`);
    }
    const length = Number(answer.headers['content-length'] ?? Number.NaN);
    if (received === 0 && Number.isInteger(length)) total = length;
    const canResume = total !== undefined && answer.headers['accept-ranges'] === 'bytes';
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        received += chunk.length;
        if (received > options.maxBytes) throw failed('GET', url, `more than ${options.maxBytes} bytes`);
        digest.update(chunk);
        await onChunk(chunk);
      }
      if (total === undefined || received === total) return digest.digest('hex');
      throw failed('GET', url, `${received} bytes instead of ${total}`);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!canResume || resumes >= MAX_RESUMES || received > options.maxBytes) {
        throw error instanceof GridError ? error : failed('GET', url, 'the connection broke', error);
      }
    }
  }
}
