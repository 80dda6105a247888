import { randomFillSync } from 'node:crypto';

const HEADER = 'x-request-id';
const ID_BYTES = 9;
/** What goes into logs and headers as it is. */
const USABLE = /^[\w.:@/+=-]{1,100}$/;

const idOfRequest = new WeakMap<Request, string>();

/**
 * The id of a request, made at the first question: it is in the answer (`X-Request-Id`) and in every line of the log about the request.
 * That of a front end is kept when its headers are trusted.
 */
export function requestIdOf(request: Request, options: { readonly trustForwardedHeaders: boolean }): string {
  const known = idOfRequest.get(request);
  if (known !== undefined) return known;
  const sent = options.trustForwardedHeaders ? request.headers.get(HEADER) : null;
  const id = sent !== null && USABLE.test(sent) ? sent : newId();
  idOfRequest.set(request, id);
  return id;
}

/** Randomness is taken in larger pieces: a call for each request would be a tenth of its time. */
const pool = Buffer.alloc(ID_BYTES * 256);
let taken = pool.length;

function newId(): string {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  taken += ID_BYTES;
  return pool.toString('base64url', taken - ID_BYTES, taken);
}

/** Puts the id into the answer. */
export function withRequestId(response: Response, id: string): Response {
  response.headers.set(HEADER, id);
  return response;
}

/** Gives a request that stands for another one the id of that. */
export function keepRequestId(original: Request, copy: Request): Request {
  const id = idOfRequest.get(original);
  if (id !== undefined) idOfRequest.set(copy, id);
  return copy;
}
