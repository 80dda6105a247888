import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';

import { ProxyError } from '../../errors.js';

const NOT_FOUND = 404;
const TOO_MANY = 429;
const SERVER_ERROR = 500;
const TRIES = 3;
const FIRST_PAUSE_MS = 200;
const ANSWER_MS = 30_000;
/** Of a part of a large content, or of the whole of a smaller one. */
const TRANSFER_MS = 15 * 60_000;
const EMPTY_SHA256 = sha256Of('');

/** A bucket of a storage that speaks S3, and who we are there. */
export interface S3Options {
  /** `https://s3.example`, without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Before the name of every object, `slapos/`; may be empty. */
  readonly prefix: string;
  /** Contents that are larger are sent in parts of this size. */
  readonly partBytes: number;
}

/** An object that is there. */
export interface S3Object {
  readonly key: string;
  readonly byteLength: number;
}

/** What is sent. */
export interface S3Body {
  readonly sha256: string;
  readonly byteLength: number;
  /** Called once for each try. */
  readonly open: () => NonNullable<RequestInit['body']>;
}

/** One request; the path is that of an object, without it the bucket itself. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: S3Body;
  /** For objects whose content is read or sent. */
  readonly isTransfer?: boolean;
}

/** Objects in a bucket, under a prefix. All requests are signed, and safe to repeat: they are, when the server or the network fails. */
export class S3Bucket {
  readonly #options: S3Options;

  constructor(options: S3Options) {
    this.#options = options;
  }

  get partBytes(): number {
    return this.#options.partBytes;
  }

  /**
   * Sends a request. That an object which is asked for, or removed, is not there is an answer, with status 404.
   * @throws ProxyError `PROXY_STORAGE_FAILED`
   */
  async send(request: S3Request): Promise<Response> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#sendOnce(request).catch((error: unknown) => {
        if (tries === TRIES) throw this.failure(request, reasonOf(error), error);
        return undefined;
      });
      if (answer !== undefined) {
        if (answer.ok || (answer.status === NOT_FOUND && mayBeAbsent(request))) return answer;
        const isPassing = answer.status >= SERVER_ERROR || answer.status === TOO_MANY;
        if (!isPassing || tries === TRIES)
          throw this.failure(request, `status ${answer.status}${await codeOf(answer)}`);
        await answer.body?.cancel();
      }
      await pause(FIRST_PAUSE_MS * 2 ** (tries - 1));
    }
  }

  /** The objects whose names begin so, with what follows that. */
  async list(beginning: string): Promise<S3Object[]> {
    const found: S3Object[] = [];
    const prefix = this.#options.prefix + beginning;
    for (let token: string | undefined; ; ) {
      const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) };
      const text = await (await this.send({ method: 'GET', query })).text();
      for (const [, item = ''] of text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
        const key = xmlText(item, 'Key') ?? '';
        if (key.startsWith(prefix))
          found.push({ key: key.slice(prefix.length), byteLength: Number(xmlText(item, 'Size')) });
      }
      token = xmlText(text, 'IsTruncated') === 'true' ? xmlText(text, 'NextContinuationToken') : undefined;
      if (token === undefined) return found;
    }
  }

  /** The error that says what went wrong with a request. */
  failure({ method, key }: Pick<S3Request, 'method' | 'key'>, what: string, cause?: unknown): ProxyError {
    const { endpoint, bucket, prefix } = this.#options;
    const place = `${endpoint.replace(/\/+$/, '')}/${bucket}${key === undefined ? '' : `/${prefix}${key}`}`;
    return new ProxyError('PROXY_STORAGE_FAILED', `${method} ${place}: ${what}`, {
      retryable: true,
      hint: 'Check the endpoint, the bucket and the keys of the S3 storage of the shared cache.',
      ...(cause === undefined ? {} : { cause }),
    });
  }

  async #sendOnce({ method, key, query = {}, body, isTransfer = false }: S3Request): Promise<Response> {
    const { endpoint, bucket, prefix, region, accessKeyId, secretAccessKey } = this.#options;
    const path = [bucket, ...(key === undefined ? [] : `${prefix}${key}`.split('/'))].map(encodeURIComponent).join('/');
    const url = new URL(`${endpoint.replace(/\/+$/, '')}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers: {
        'x-amz-content-sha256': body?.sha256 ?? EMPTY_SHA256,
        ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }),
      },
      accessKeyId,
      secretAccessKey,
      region,
      service: 's3',
    }).sign();
    return fetch(signed.url, {
      method,
      headers: signed.headers,
      redirect: 'error',
      signal: AbortSignal.timeout(isTransfer ? TRANSFER_MS : ANSWER_MS),
      ...(body === undefined ? {} : { body: body.open(), duplex: 'half' }),
    });
  }
}

function mayBeAbsent({ method, key }: S3Request): boolean {
  return key !== undefined && (method === 'GET' || method === 'HEAD' || method === 'DELETE');
}

/** SHA-256 of a text, in hexadecimal. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A text as a body. */
export function textBody(text: string): S3Body {
  return { sha256: sha256Of(text), byteLength: Buffer.byteLength(text), open: () => text };
}

/** The text of the first element of this name; the names are those that S3 answers with. */
export function xmlText(document: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(document)?.[1];
  return text?.replaceAll(/&(amp|lt|gt|quot|apos|#39|#34);/g, (_, entity: string) => ENTITIES[entity] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#34': '"',
};

async function codeOf(answer: Response): Promise<string> {
  const code = xmlText(await answer.text().catch(() => ''), 'Code');
  return code === undefined ? '' : ` (${code})`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
