import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, type RequestOptions } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

import type { ExternalMaster } from '../configuration/proxy-options.js';
import { ProxyError } from '../errors.js';

/** What another master answered. */
export interface MasterAnswer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Requests name what they want, so sending one twice does no more than sending it once. */
const RETRY_DELAYS_MS = [100, 400];
/** The connection was never made, or broke: the next try may succeed. */
const WORTH_A_RETRY = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN']);

/** Calls the tool API of other masters, over https with our certificate there. */
export class MasterCaller {
  async get(master: ExternalMaster, path: string): Promise<MasterAnswer> {
    return this.#call(master, path, { method: 'GET' }, '');
  }

  /**
   * Posts a form. Redirections are not followed: they could lead anywhere.
   * @throws ProxyError `PROXY_UPSTREAM_FAILED`, `PROXY_UPSTREAM_TIMEOUT`.
   */
  async post(
    master: ExternalMaster,
    path: string,
    fields: URLSearchParams,
    headers: Readonly<Record<string, string>>,
  ): Promise<MasterAnswer> {
    const body = fields.toString();
    const length = Buffer.byteLength(body);
    const formHeaders = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': length, ...headers };
    for (const delayMs of RETRY_DELAYS_MS) {
      try {
        return await this.#call(master, path, { method: 'POST', headers: formHeaders }, body);
      } catch (error) {
        if (!WORTH_A_RETRY.has(systemErrorCode(error) ?? '')) throw error;
        await delay(delayMs);
      }
    }
    return this.#call(master, path, { method: 'POST', headers: formHeaders }, body);
  }

  async #call(master: ExternalMaster, path: string, options: RequestOptions, body: string): Promise<MasterAnswer> {
    const url = new URL(path, master.url.endsWith('/') ? master.url : `${master.url}/`);
    const isSecure = url.protocol === 'https:';
    const withTls = isSecure ? { ...options, ...(await readCredentials(master)) } : options;
    try {
      return await exchange(
        (isSecure ? requestHttps : requestHttp)(url, { ...withTls, signal: AbortSignal.timeout(TIMEOUT_MS) }),
        body,
      );
    } catch (error) {
      const isTimeout = error instanceof Error && error.name === 'AbortError';
      throw new ProxyError(
        isTimeout ? 'PROXY_UPSTREAM_TIMEOUT' : 'PROXY_UPSTREAM_FAILED',
        isTimeout
          ? `The master ${master.url} did not answer within ${TIMEOUT_MS / 1_000} seconds`
          : `The master ${master.url} cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error, retryable: true },
      );
    }
  }
}

async function readCredentials({
  keyFile,
  certFile,
  caFile,
}: ExternalMaster): Promise<Pick<RequestOptions, 'key' | 'cert' | 'ca'>> {
  const read = async (file: string | undefined) => {
    if (file === undefined) return undefined;
    try {
      return await readFile(file);
    } catch (error) {
      throw new ProxyError('PROXY_UPSTREAM_FAILED', `Cannot read ${JSON.stringify(file)} for another master`, {
        cause: error,
        hint: 'Check key, cert and ca of the multimaster section, and that this user may read the files.',
      });
    }
  };
  const [key, cert, ca] = await Promise.all([read(keyFile), read(certFile), read(caFile)]);
  return { ...(key && { key }), ...(cert && { cert }), ...(ca && { ca }) };
}

function exchange(request: ReturnType<typeof requestHttp>, body: string): Promise<MasterAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, body: text }), reject);
    });
    request.end(body);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function systemErrorCode(error: unknown): string | undefined {
  const cause: unknown = error instanceof ProxyError ? error.cause : error;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
