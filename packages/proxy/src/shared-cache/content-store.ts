import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { ProxyError } from '../errors.js';

const HASH = /^[0-9a-f]{128}$/;
/** What is being written; never a hash. */
const UNFINISHED_PREFIX = '.unfinished-';

/** A content that is stored. */
export interface StoredContent {
  readonly byteLength: number;
  readonly modifiedAt: Date;
  stream(): ReadableStream<Uint8Array>;
}

/** Contents by their SHA-512, each a file of that name (spec: proxy §11), as the Python program stores them. */
export class ContentStore {
  readonly #directory: string;
  readonly #maxTotalBytes: number;
  #measurement: Promise<void> | undefined;
  /** What is stored, and what is being written: uploads at the same time share the bound. */
  #usedBytes = 0;

  constructor(directory: string, maxTotalBytes: number) {
    this.#directory = directory;
    this.#maxTotalBytes = maxTotalBytes;
  }

  /** Whether a name can be that of a content. */
  static isHash(name: string): boolean {
    return HASH.test(name);
  }

  async has(hash: string): Promise<boolean> {
    return (await this.find(hash)) !== undefined;
  }

  async find(hash: string): Promise<StoredContent | undefined> {
    if (!ContentStore.isHash(hash)) return undefined;
    const path = join(this.#directory, hash);
    try {
      const { size, mtime } = await stat(path);
      const stream = () => Readable.toWeb(createReadStream(path)) as unknown as ReadableStream<Uint8Array>;
      return { byteLength: size, modifiedAt: mtime, stream };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * Stores a content, part by part, and tells its hash. It is there as a whole or not at all.
   * @param expectedHash what it must be; nothing is stored when it is something else
   * @throws ProxyError `PROXY_TOO_LARGE` when there is no room for it, `PROXY_INVALID_REQUEST` when it is not what was expected.
   */
  async add(content: AsyncIterable<Uint8Array>, expectedHash?: string): Promise<string> {
    await mkdir(this.#directory, { recursive: true });
    const unfinished = join(this.#directory, UNFINISHED_PREFIX + randomUUID());
    await this.#measured();
    const digest = createHash('sha512');
    let size = 0;
    let isNew = false;
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        for await (const part of content) {
          if (this.#usedBytes + part.byteLength > this.#maxTotalBytes) throw noRoom(this.#maxTotalBytes);
          this.#usedBytes += part.byteLength;
          size += part.byteLength;
          digest.update(part);
          await file.writeFile(part);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      const hash = digest.digest('hex');
      if (expectedHash !== undefined && hash !== expectedHash)
        throw new ProxyError('PROXY_INVALID_REQUEST', 'Checksum mismatch');
      isNew = await linkUnlessThere(unfinished, join(this.#directory, hash));
      return hash;
    } finally {
      if (!isNew) this.#usedBytes -= size;
      await rm(unfinished, { force: true });
    }
  }

  /** Measures the folder once; what failed is tried again by the next upload. */
  #measured(): Promise<void> {
    this.#measurement ??= this.#measure().then(
      (total) => {
        this.#usedBytes += total;
      },
      (error: unknown) => {
        this.#measurement = undefined;
        throw error;
      },
    );
    return this.#measurement;
  }

  /** Also removes what a process that was killed left unfinished. */
  async #measure(): Promise<number> {
    let total = 0;
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      if (name.startsWith(UNFINISHED_PREFIX)) await removeAbandoned(path);
      else if (ContentStore.isHash(name)) total += (await stat(path)).size;
    }
    return total;
  }
}

/** Of those who write the same content at the same time one is told `true`: it takes its room once. */
async function linkUnlessThere(path: string, target: string): Promise<boolean> {
  try {
    await link(path, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

const ABANDONED_AFTER_MS = 24 * 3_600 * 1_000;

/** Another process may still be writing it. */
async function removeAbandoned(path: string): Promise<void> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
}

function noRoom(maxTotalBytes: number): ProxyError {
  return new ProxyError('PROXY_TOO_LARGE', `The cache would become larger than ${maxTotalBytes} bytes`, {
    hint: 'Remove contents that nobody needs from its folder, or allow it more (maxTotalBytes).',
  });
}
