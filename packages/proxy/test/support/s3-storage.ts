import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

import aws4 from 'aws4';
import S3rver from 's3rver';

import { temporaryFolder } from './server-process.js';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;

/** A storage that speaks S3, with one bucket and one user. */
export interface S3Storage extends AsyncDisposable {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Starts a storage. It believes everybody, so a gate before it makes each signature once more, with another library than the one that is tested, and the
 * digest of each body: what differs is refused as storages refuse it.
 */
export async function startS3Storage(bucket: string): Promise<S3Storage> {
  const folder = temporaryFolder();
  // The names that the storage has for its one user.
  const user = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const storage = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder.path,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await storage.run();
  const gate = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const refusal = whyRefused(request, body, user);
      if (refusal !== undefined) {
        response.writeHead(403).end(`<Error><Code>${refusal}</Code></Error>`);
        return;
      }
      const { method, url, headers } = request;
      const onward = sendRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.once('error', () => response.destroy());
      onward.end(body);
    })();
  }).listen(0, '127.0.0.1');
  await once(gate, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(gate.address() as AddressInfo).port}`,
    bucket,
    ...user,
    async [Symbol.asyncDispose]() {
      gate.closeAllConnections();
      gate.close();
      await storage.close();
      folder[Symbol.dispose]();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

function whyRefused(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  user: { readonly accessKeyId: string; readonly secretAccessKey: string },
): string | undefined {
  const [, accessKeyId, region, names = '', signature = ''] = AUTHORIZATION.exec(headers.authorization ?? '') ?? [];
  if (accessKeyId !== user.accessKeyId) return 'InvalidAccessKeyId';
  const signedHeaders = Object.fromEntries(names.split(';').map((name) => [name, String(headers[name])]));
  // Without the body: its digest is a header.
  const again = aws4.sign(
    { method: method ?? '', path: url ?? '', headers: signedHeaders, service: 's3', region: region ?? '' },
    user,
  );
  if (!String(again.headers?.['Authorization']).endsWith(signature)) return 'SignatureDoesNotMatch';
  const digest = createHash('sha256').update(body).digest('hex');
  return headers['x-amz-content-sha256'] === digest ? undefined : 'XAmzContentSHA256Mismatch';
}
