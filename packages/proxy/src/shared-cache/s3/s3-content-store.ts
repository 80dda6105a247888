import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ContentStore, isContentHash, type StoredContent } from '../content-store.js';
import { type Received, receive } from '../receive.js';
import { Room } from '../room.js';
import { fileBody } from './file-body.js';
import { putInParts } from './put-in-parts.js';
import type { S3Bucket } from './s3-bucket.js';

const FOLDER = 'cache/';
const NOT_FOUND = 404;

/**
 * Contents in a bucket, each an object below `cache/` that is named after its hash. What is uploaded is in a file of this machine until it
 * is whole and known to be what was expected: nobody finds half of it in the bucket.
 */
export class S3ContentStore implements ContentStore {
  readonly #bucket: S3Bucket;
  readonly #room: Room;

  constructor(bucket: S3Bucket, maxTotalBytes: number) {
    this.#bucket = bucket;
    this.#room = new Room(maxTotalBytes, async () => {
      const objects = await bucket.list(FOLDER);
      return objects.reduce((sum, { byteLength }) => sum + byteLength, 0);
    });
  }

  async find(hash: string): Promise<StoredContent | undefined> {
    if (!isContentHash(hash)) return undefined;
    const key = FOLDER + hash;
    const answer = await this.#bucket.send({ method: 'HEAD', key });
    if (answer.status === NOT_FOUND) return undefined;
    return {
      byteLength: Number(answer.headers.get('content-length')),
      modifiedAt: new Date(answer.headers.get('last-modified') ?? 0),
      stream: () => streamOf(this.#bucket, key),
    };
  }

  async add(content: AsyncIterable<Uint8Array>, expectedHash?: string): Promise<string> {
    await this.#room.measured();
    const folder = await mkdtemp(join(tmpdir(), 'slapos-upload-'));
    let size = 0;
    let isNew = false;
    try {
      const file = join(folder, randomUUID());
      const onPart = (bytes: number) => (size += bytes);
      const received = await receive(content, file, { room: this.#room, expectedHash, onPart });
      isNew = (await this.find(received.sha512)) === undefined;
      if (isNew) await this.#put(file, size, received);
      return received.sha512;
    } catch (error) {
      isNew = false;
      throw error;
    } finally {
      if (!isNew) this.#room.giveBack(size);
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #put(file: string, size: number, { sha512, sha256 }: Received): Promise<void> {
    const key = FOLDER + sha512;
    if (size > this.#bucket.partBytes) await putInParts(this.#bucket, key, file, size);
    else await this.#bucket.send({ method: 'PUT', key, body: fileBody(file, 0, size, sha256), isTransfer: true });
  }
}

/** Asks for the content when somebody reads it; a failure on the way is the reader's. */
function streamOf(bucket: S3Bucket, key: string): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (reader === undefined) {
        const { body, status } = await bucket.send({ method: 'GET', key, isTransfer: true });
        if (body === null || status === NOT_FOUND) throw new Error('The content was removed meanwhile.');
        reader = body.getReader();
      }
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await reader?.cancel(reason);
    },
  });
}
