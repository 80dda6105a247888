import { ProxyError } from '../errors.js';

const MEBIBYTE = 1024 * 1024;
/** What every request may have without asking: ordinary ones are smaller. */
const FREE_BYTES = MEBIBYTE;

/** How large bodies may be. */
export interface BodyLimits {
  /** Of one request. */
  readonly maxBodyBytes: number;
  /** Of all requests together, as far as they are larger than usual and still being read. */
  readonly maxBufferedBytes: number;
}

/** Reads the bodies of the requests to one proxy. Those that are read at the same time share a bounded amount of memory. */
export class BodyReader {
  readonly #limits: BodyLimits;
  #buffered = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /**
   * The whole body of a request.
   * @throws ProxyError `PROXY_TOO_LARGE` as soon as that is known, `PROXY_BUSY` when the bodies of others leave no room for it,
   * `PROXY_INVALID_REQUEST` when the client ends too early.
   */
  async read(request: Request): Promise<Buffer> {
    const { maxBodyBytes } = this.#limits;
    const announced = request.headers.get('content-length');
    if (announced !== null && Number(announced) > maxBodyBytes) throw tooLarge(maxBodyBytes);
    // Node.js delivers no more than was announced. The stream of the body is not even looked at: to make one costs more than all else.
    if (announced !== null && Number(announced) <= FREE_BYTES) return readAtOnce(request);
    return request.body === null ? Buffer.alloc(0) : this.#readParts(request);
  }

  async #readParts(request: Request): Promise<Buffer> {
    const { maxBodyBytes, maxBufferedBytes } = this.#limits;
    const parts: Uint8Array[] = [];
    let size = 0;
    let reserved = 0;
    try {
      for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
        size += part.byteLength;
        if (size > maxBodyBytes) throw tooLarge(maxBodyBytes);
        parts.push(part);
        const wanted = Math.max(0, size - FREE_BYTES);
        this.#buffered += wanted - reserved;
        reserved = wanted;
        if (this.#buffered > maxBufferedBytes) throw tooBusy();
      }
      return Buffer.concat(parts);
    } catch (error) {
      throw error instanceof ProxyError ? error : endedEarly(error);
    } finally {
      this.#buffered -= reserved;
    }
  }
}

async function readAtOnce(request: Request): Promise<Buffer> {
  try {
    return Buffer.from(await request.arrayBuffer());
  } catch (error) {
    throw endedEarly(error);
  }
}

function endedEarly(cause: unknown): ProxyError {
  return new ProxyError('PROXY_INVALID_REQUEST', 'The body of the request ended too early', { cause });
}

function tooLarge(maxBytes: number): ProxyError {
  return new ProxyError('PROXY_TOO_LARGE', `The body of the request is larger than ${maxBytes} bytes`, {
    hint: 'Raise the limit maxBodyBytes of the proxy if such requests are right.',
  });
}

function tooBusy(): ProxyError {
  return new ProxyError('PROXY_BUSY', 'Too many large requests are being read', {
    hint: 'Send it again a little later. If so many are right, raise the limit maxBufferedBytes of the proxy.',
    retryable: true,
  });
}
