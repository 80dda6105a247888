import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type EntryStore, isEntryKey } from './entry-store.js';

const UNFINISHED_PREFIX = '.unfinished-';

/** Entries in a folder, each key a file of that name, as the Python program stores them. */
export class FileEntryStore implements EntryStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async keys(): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true });
    return (await readdir(this.#directory)).filter((name) => isEntryKey(name)).sort();
  }

  async read(key: string): Promise<string | undefined> {
    if (!isEntryKey(key)) return undefined;
    try {
      return await readFile(join(this.#directory, key), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(key: string, text: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const unfinished = join(this.#directory, UNFINISHED_PREFIX + randomUUID());
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, join(this.#directory, key));
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async remove(key: string): Promise<void> {
    await rm(join(this.#directory, key), { force: true });
  }
}
