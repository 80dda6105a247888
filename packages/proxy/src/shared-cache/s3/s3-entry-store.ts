import { type EntryStore, isEntryKey } from '../entry-store.js';
import { type S3Bucket, textBody } from './s3-bucket.js';

const FOLDER = 'dir/';
const NOT_FOUND = 404;

/** Entries in a bucket, each key an object below `dir/`. */
export class S3EntryStore implements EntryStore {
  readonly #bucket: S3Bucket;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  async keys(): Promise<string[]> {
    const objects = await this.#bucket.list(FOLDER);
    return objects
      .map(({ key }) => key)
      .filter(isEntryKey)
      .sort();
  }

  async read(key: string): Promise<string | undefined> {
    if (!isEntryKey(key)) return undefined;
    const answer = await this.#bucket.send({ method: 'GET', key: FOLDER + key });
    const text = await answer.text();
    return answer.status === NOT_FOUND ? undefined : text;
  }

  async write(key: string, text: string): Promise<void> {
    await this.#bucket.send({ method: 'PUT', key: FOLDER + key, body: textBody(text) });
  }

  async remove(key: string): Promise<void> {
    await this.#bucket.send({ method: 'DELETE', key: FOLDER + key });
  }
}
