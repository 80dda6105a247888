import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { type ContentStore, isContentHash, type StoredContent } from './content-store.js';
import { receive } from './receive.js';
import { Room } from './room.js';

/** What is being written; never a hash. */
const UNFINISHED_PREFIX = '.unfinished-';

/** Contents in a folder, each a file that is named after its hash, as the Python program stores them. */
export class FileContentStore implements ContentStore {
  readonly #directory: string;
  readonly #room: Room;

  constructor(directory: string, maxTotalBytes: number) {
    this.#directory = directory;
    this.#room = new Room(maxTotalBytes, () => measure(directory));
  }

  async find(hash: string): Promise<StoredContent | undefined> {
    if (!isContentHash(hash)) return undefined;
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

  async add(content: AsyncIterable<Uint8Array>, expectedHash?: string): Promise<string> {
    await mkdir(this.#directory, { recursive: true });
    const unfinished = join(this.#directory, UNFINISHED_PREFIX + randomUUID());
    await this.#room.measured();
    let size = 0;
    let isNew = false;
    try {
      const onPart = (bytes: number) => (size += bytes);
      const { sha512 } = await receive(content, unfinished, { room: this.#room, expectedHash, onPart });
      isNew = await linkUnlessThere(unfinished, join(this.#directory, sha512));
      return sha512;
    } finally {
      if (!isNew) this.#room.giveBack(size);
      await rm(unfinished, { force: true });
    }
  }
}

/** Also removes what a process that was killed left unfinished. */
async function measure(directory: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (name.startsWith(UNFINISHED_PREFIX)) await removeAbandoned(path);
    else if (isContentHash(name)) total += (await stat(path)).size;
  }
  return total;
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
