import { randomBytes } from 'node:crypto';

import type { ProxyContext } from '../context.js';
import { ProxyError } from '../errors.js';
import { cleanPath } from '../http/path.js';
import { keepRequestId } from '../http/request-id.js';
import { authorize, isPublic } from './authorize.js';
import { identify, NOBODY, type Peer, type Principal, USER } from './principal.js';

/** Where the token of the user is kept. */
export const TOKEN_SETTING = 'user_token';
const TOKEN_BYTES = 32;

type GateContext = Pick<ProxyContext, 'store' | 'bodies'>;

/** A request that was let in. */
interface Admitted {
  readonly request: Request;
  readonly principal: Principal;
}

/** Lets requests in, or not. */
export class AccessGate {
  readonly #context: GateContext;

  constructor(context: GateContext) {
    this.#context = context;
  }

  /**
   * The request as it is to be served, and who sends it; nobody in particular gets what concerns nobody.
   * @throws ProxyError `PROXY_UNAUTHORIZED` when it cannot be told who sends it, `PROXY_FORBIDDEN` when he may not.
   */
  async admit(request: Request, peer: Peer): Promise<Admitted> {
    if (peer.isOpen) return { request, principal: USER };
    const { store, bodies } = this.#context;
    const path = cleanPath(request.url);
    if (isPublic(path)) return { request, principal: NOBODY };
    const principal = await identify(request, peer, store, () => this.userToken());
    if (principal === undefined) {
      throw new ProxyError('PROXY_UNAUTHORIZED', 'It cannot be told who calls, and this address is not for everybody', {
        hint: 'Show a client certificate of this proxy that is not revoked, or send the token of the user as Authorization: Bearer TOKEN.',
      });
    }
    if (principal.role === 'user') return { request, principal };
    const { method } = request;
    // Contents of the shared cache are large, and who may send them does not depend on them.
    const isStreamed = path.startsWith('/shacache/cache');
    const hasBody = method !== 'GET' && method !== 'HEAD' && !isStreamed;
    const body = hasBody ? await bodies.read(request) : undefined;
    const query = new URL(request.url).searchParams;
    await authorize(principal, { method, path, query, body: body?.toString('utf8') ?? '' }, store);
    if (isStreamed) return { request, principal };
    // The body was read: what is served is a copy with it.
    const headers = new Headers(request.headers);
    headers.delete('content-length');
    const copy = new Request(request.url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
    return { request: keepRequestId(request, copy), principal };
  }

  /** The token of the user, made at the first question. */
  async userToken(): Promise<string> {
    const { store } = this.#context;
    const known = await store.read((reader) => reader.setting(TOKEN_SETTING));
    if (known !== undefined) return known;
    return store.write(async (writer) => {
      const meanwhile = await writer.setting(TOKEN_SETTING);
      if (meanwhile !== undefined) return meanwhile;
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      await writer.setSetting(TOKEN_SETTING, token);
      return token;
    });
  }
}
