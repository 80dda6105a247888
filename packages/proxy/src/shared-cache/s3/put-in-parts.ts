import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { fileBody } from './file-body.js';
import { type S3Bucket, textBody, xmlText } from './s3-bucket.js';

/**
 * Stores a large file part by part: storages take no more than some gigabytes at once, and a part that fails is sent again alone. The
 * object is there when all parts are; parts of an upload that fails are dropped.
 */
export async function putInParts(bucket: S3Bucket, key: string, file: string, size: number): Promise<void> {
  const begun = await (await bucket.send({ method: 'POST', key, query: { uploads: '' } })).text();
  const uploadId = xmlText(begun, 'UploadId') ?? '';
  try {
    const tags: string[] = [];
    for (let from = 0; from < size; from += bucket.partBytes) {
      const length = Math.min(bucket.partBytes, size - from);
      const body = fileBody(file, from, length, await digestOf(file, from, length));
      const query = { partNumber: String(tags.length + 1), uploadId };
      const answer = await bucket.send({ method: 'PUT', key, query, body, isTransfer: true });
      tags.push(answer.headers.get('etag') ?? '');
    }
    const parts = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
    const document = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    const answer = await bucket.send({
      method: 'POST',
      key,
      query: { uploadId },
      body: textBody(document),
      isTransfer: true,
    });
    // It may be said late: after the head of the answer, which is that of a success.
    const said = await answer.text();
    if (xmlText(said, 'ETag') === undefined)
      throw bucket.failure({ method: 'POST', key }, xmlText(said, 'Code') ?? 'no ETag');
  } catch (error) {
    // That they could not be dropped weighs less than why.
    await bucket.send({ method: 'DELETE', key, query: { uploadId } }).catch(() => undefined);
    throw error;
  }
}

async function digestOf(file: string, from: number, length: number): Promise<string> {
  const digest = createHash('sha256');
  const stream = createReadStream(file, { start: from, end: from + length - 1 });
  for await (const piece of stream as AsyncIterable<Buffer>) digest.update(piece);
  return digest.digest('hex');
}
