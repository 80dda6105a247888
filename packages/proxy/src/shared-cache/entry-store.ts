import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Names of entries become names of files: letters, digits and what keys of the network cache hold. */
const KEY = /^(?!\.)[\w.:+@=,~-]{1,200}$/;
const UNFINISHED_PREFIX = '.unfinished-';

/** What is known about a key: a JSON list of pairs of a text and its signature, each key a file of that name (spec: proxy §11). */
export class EntryStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  static isKey(key: string): boolean {
    return KEY.test(key);
  }

  async keys(): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true });
    return (await readdir(this.#directory)).filter((name) => EntryStore.isKey(name)).sort();
  }

  async read(key: string): Promise<string | undefined> {
    if (!EntryStore.isKey(key)) return undefined;
    try {
      return await readFile(join(this.#directory, key), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Replaces what was there; a reader sees the one or the other. */
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
