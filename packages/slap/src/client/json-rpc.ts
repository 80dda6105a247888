import { z } from 'zod';

import { SlapError } from '../errors.js';
import { statusError } from './http-errors.js';
import type { HttpAnswer, HttpTransport } from './http-transport.js';
import {
  JSON_RPC_METHODS,
  type JsonRpcInstance,
  type JsonRpcMethodName,
  type JsonRpcRequest,
  type JsonRpcResponse,
} from './json-rpc-methods.js';
import type { CallOptions } from './slap-connection.js';

const errorSchema = z.object({ status: z.number(), type: z.string().optional(), title: z.string().optional() });
const notReadySchema = z.object({
  status: z.literal(102),
  name: z.literal('SoftwareInstanceNotReady'),
  message: z.string(),
});

/** An instance that was requested and that the master is still making. */
export interface JsonRpcNotReady {
  readonly isReady: false;
  readonly message: string;
}

/** The JSON-RPC interface of a master: every method, checked both ways by a schema (spec: proxy §8). */
export class JsonRpcClient {
  readonly #transport: HttpTransport;
  readonly #baseUrl: URL;

  /** @internal Made by the client; nothing is sent. */
  constructor(transport: HttpTransport, baseUrl: URL) {
    this.#transport = transport;
    this.#baseUrl = baseUrl;
  }

  /**
   * Calls a method by its name without `slapos.`. Only methods that read (`get`, `allDocs`) are sent again after a failure.
   * @throws SlapError `SLAP_INVALID_ARGUMENT` (refused by our schema or the master's), `SLAP_NOT_FOUND`, `SLAP_AUTHENTICATION`,
   * `SLAP_NOT_READY`, `SLAP_INVALID_DOCUMENT`, `SLAP_HTTP_ERROR`, and those of the transport.
   */
  async call<M extends JsonRpcMethodName>(
    method: M,
    request: JsonRpcRequest<M>,
    options: CallOptions = {},
  ): Promise<JsonRpcResponse<M>> {
    const schemas: { request: z.ZodType; response: z.ZodType } = JSON_RPC_METHODS[method];
    const checked = schemas.request.safeParse(request);
    if (!checked.success) {
      throw new SlapError(
        'SLAP_INVALID_ARGUMENT',
        `The request of ${method} is not valid: ${issueText(checked.error)}.`,
        {
          cause: checked.error,
        },
      );
    }
    const url = new URL(`slapos.${method}`, this.#baseUrl);
    const answer = await this.#transport.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(checked.data),
      isIdempotent: method.startsWith('get.') || method.startsWith('allDocs.'),
      signal: options.signal,
    });
    const body = jsonOf(answer);
    const failure = statusError('POST', url, answer);
    if (failure !== undefined) throw rpcError(failure, method, body);
    const notReady = notReadySchema.safeParse(body);
    if (notReady.success) {
      throw new SlapError('SLAP_NOT_READY', `The master is still working on ${method}: ${notReady.data.message}`, {
        status: notReady.data.status,
        retryable: true,
        hint: 'Ask again in a couple of minutes.',
      });
    }
    const result = schemas.response.safeParse(body);
    if (result.success) return result.data as JsonRpcResponse<M>;
    const text = `The master answered ${method} with something else than described: ${issueText(result.error)}.`;
    throw new SlapError('SLAP_INVALID_DOCUMENT', text, { cause: result.error });
  }

  /** Requests an instance; a value, not an error, while the master is still making it. Idempotent for the same title. */
  async requestInstance(
    request: JsonRpcRequest<'post.v0.software_instance'>,
    options: CallOptions = {},
  ): Promise<(JsonRpcInstance & { readonly isReady: true }) | JsonRpcNotReady> {
    try {
      return { ...(await this.call('post.v0.software_instance', request, options)), isReady: true };
    } catch (error) {
      if (error instanceof SlapError && error.code === 'SLAP_NOT_READY')
        return { isReady: false, message: error.message };
      throw error;
    }
  }
}

function jsonOf(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.text());
  } catch {
    return undefined; // Not JSON: the schema of the answer, or the status, says what is wrong.
  }
}

function issueText(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'unknown';
  const place = issue.path.map(String).join('.');
  return place === '' ? issue.message : `${place}: ${issue.message}`;
}

/** JSON-RPC answers 403 for what is not there and for what is not allowed; only the title tells which. */
function rpcError(failure: SlapError, method: string, body: unknown): SlapError {
  const said = errorSchema.safeParse(body);
  if (!said.success || said.data.title === undefined) return failure;
  const { status = 0 } = failure;
  const text = `The master refused ${method}: ${said.data.title}`;
  if (status === 400) return new SlapError('SLAP_INVALID_ARGUMENT', text, { status });
  const isMissing = status === 403 && /^No |is not registered\.$/.test(said.data.title);
  if (isMissing) return new SlapError('SLAP_NOT_FOUND', text, { status });
  return new SlapError(failure.code, text, { status, hint: failure.hint, retryable: failure.retryable });
}
