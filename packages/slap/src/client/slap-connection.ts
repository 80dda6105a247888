import { SlapError } from '../errors.js';
import type { Logger } from '../logger.js';
import { unmarshal } from '../wire/marshal-reader.js';
import type { MarshalLimits } from '../wire/value-rules.js';
import type { MarshalValue } from '../wire/values.js';
import { statusError } from './http-errors.js';
import type { HttpAnswer, HttpTransport } from './http-transport.js';

/** Fields of a form or a query; null stands for what Python writes as `None`. */
export type CallFields = readonly (readonly [name: string, value: string | null])[];

/** What any call may be given. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The tool API of a master as it is on the wire: forms, queries, marshalled answers (spec: slap-client §1). */
export class SlapConnection {
  readonly baseUrl: URL;
  readonly transport: HttpTransport;
  readonly logger: Logger;

  constructor(options: { readonly baseUrl: URL; readonly transport: HttpTransport; readonly logger: Logger }) {
    this.baseUrl = options.baseUrl;
    this.transport = options.transport;
    this.logger = options.logger;
  }

  /** GET with a query; parameters that are null are left out. A status of 304 is an answer when headers ask for it. */
  async get(
    path: string,
    query: CallFields,
    options: CallOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<HttpAnswer> {
    const url = new URL(path, this.baseUrl);
    const given = query.filter((field): field is readonly [string, string] => field[1] !== null);
    if (given.length > 0) url.search = new URLSearchParams(given as [string, string][]).toString();
    const answer = await this.transport.send({ method: 'GET', url, headers: options.headers, signal: options.signal });
    if (answer.status === 304 && options.headers?.['if-none-match'] !== undefined) return answer;
    return checked('GET', url, answer);
  }

  /** POST of a form; a field that is null is sent as the text `None`, which masters expect. */
  async post(
    path: string,
    form: CallFields,
    options: CallOptions & { readonly isIdempotent?: boolean } = {},
  ): Promise<HttpAnswer> {
    const url = new URL(path, this.baseUrl);
    const answer = await this.transport.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form.map(([name, value]): [string, string] => [name, value ?? 'None'])).toString(),
      isIdempotent: options.isIdempotent,
      signal: options.signal,
    });
    return checked('POST', url, answer);
  }

  /** Reads the marshalled document of an answer. */
  read(path: string, answer: HttpAnswer, limits?: Partial<MarshalLimits>): MarshalValue {
    try {
      return unmarshal(answer.body, { limits });
    } catch (cause) {
      if (!(cause instanceof SlapError)) throw cause;
      const url = new URL(path, this.baseUrl);
      const text = `The master did not answer ${url.origin}${url.pathname} with a SLAP document. ${cause.message}`;
      throw new SlapError('SLAP_INVALID_DOCUMENT', text, {
        status: answer.status,
        hint: 'Check that the URL is that of a SLAP master and not of its web pages or of a login form.',
        cause,
      });
    }
  }
}

function checked(method: string, url: URL, answer: HttpAnswer): HttpAnswer {
  const error = statusError(method, url, answer);
  if (error !== undefined) throw error;
  return answer;
}
