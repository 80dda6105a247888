import { ProxyError } from '../errors.js';

/**
 * Reads the body of a request, at most so many bytes of it.
 * @throws ProxyError `PROXY_TOO_LARGE` as soon as that is known, `PROXY_INVALID_REQUEST` when the client ends too early.
 */
export async function readBoundedBody(request: Request, maxBytes: number): Promise<Buffer> {
  const announced = request.headers.get('content-length');
  if (announced !== null) {
    if (Number(announced) > maxBytes) throw tooLarge(maxBytes);
    // Node.js delivers no more than was announced.
    return Buffer.from(await whole(request));
  }
  if (request.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function whole(request: Request): Promise<ArrayBuffer> {
  try {
    return await request.arrayBuffer();
  } catch (error) {
    throw new ProxyError('PROXY_INVALID_REQUEST', 'The body of the request ended too early', { cause: error });
  }
}

function tooLarge(maxBytes: number): ProxyError {
  return new ProxyError('PROXY_TOO_LARGE', `The body of the request is larger than ${maxBytes} bytes`, {
    hint: 'Raise the limit maxBodyBytes of the proxy if such requests are right.',
  });
}
