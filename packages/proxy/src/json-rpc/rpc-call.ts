import type { JsonRpcMethodName, JsonRpcRequest } from '@slapos/slap';

import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import { invalidField, NOT_IN_XML } from '../http/form.js';
import type { JsonInput } from '../http/python-json.js';

/** What a method is run with: its checked parameters, the request that brought them, and what the routes share. */
export interface RpcCall<M extends JsonRpcMethodName> {
  readonly params: JsonRpcRequest<M>;
  readonly http: Request;
  readonly context: ProxyContext;
}

/** Every method by its name: one that is missing does not compile. */
export type RpcMethods = { readonly [M in JsonRpcMethodName]: (call: RpcCall<M>) => Promise<JsonInput> };

/** What a method that changed something answers. */
export function success(title: string): JsonInput {
  return { type: 'success', title };
}

/** The error for what is not there: 403 with this title (spec: proxy §8). */
export function refused(title: string): ProxyError {
  return new ProxyError('PROXY_FORBIDDEN', title);
}

/**
 * Refuses texts that no document could carry: kept, they would make all that show them unreadable.
 * @throws ProxyError `PROXY_INVALID_REQUEST`.
 */
export function requireReadable(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string' && NOT_IN_XML.test(value)) throw invalidField(name, 'it holds control characters');
  }
}
