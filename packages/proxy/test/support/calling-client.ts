import { Agent, request as httpRequest } from 'node:http';

/** What a call came to: an answer, or nobody knows what the server did with it. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** The connection broke: the server was killed, so it does nothing more. */
  | { readonly kind: 'broken' }
  /** The client no longer waits; the server may still do it, now or a little later. */
  | { readonly kind: 'abandoned' };

/** A client that keeps its connection, and can lose its patience. */
export class CallingClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** Posts a form to a server; `patienceMs` is after how long it gives up. */
  post(url: string, form: Readonly<Record<string, string>>, patienceMs?: number): Promise<Outcome> {
    const body = new URLSearchParams(form).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve) => {
      const call = httpRequest(url, { agent: this.#agent, method: 'POST', headers });
      let timer: NodeJS.Timeout | undefined;
      let isAbandoned = false;
      const fail = () => resolve(isAbandoned ? { kind: 'abandoned' } : { kind: 'broken' });
      if (patienceMs !== undefined) {
        timer = setTimeout(() => {
          isAbandoned = true;
          call.destroy();
          fail();
        }, patienceMs);
      }
      call.on('error', fail);
      call.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ kind: 'answered', status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') });
        });
      });
      call.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
