import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { ProxyError } from '../errors.js';

/** What says that there is no such file, whatever the reason. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ENXIO']);

/** A file that is open for reading. Whoever gets it closes it. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly byteLength: number;
  readonly modifiedAt: Date;
}

/** A folder whose files everybody may have; nothing outside it can be reached, not through links either. */
export class PublicDirectory {
  readonly #path: string;

  /** @param path absolute; may come to exist later */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the file of that path below the folder; `undefined` when there is none, when it is no ordinary file, or when it is elsewhere.
   * @throws ProxyError `PROXY_FORBIDDEN` when it is there but cannot be read.
   */
  async open(path: string): Promise<OpenFile | undefined> {
    if (path.includes('\0')) return undefined;
    try {
      const root = await realpath(this.#path);
      const file = await realpath(join(root, path));
      if (!file.startsWith(root === sep ? root : root + sep)) return undefined;
      // Without waiting: a pipe would hold the request until somebody writes to it.
      const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const stats = await handle.stat();
      if (stats.isFile()) return { handle, byteLength: stats.size, modifiedAt: stats.mtime };
      await handle.close();
      return undefined;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (ABSENT.has(code)) return undefined;
      if (code !== 'EACCES') throw error;
      throw new ProxyError('PROXY_FORBIDDEN', 'The proxy may not read this file', {
        cause: error,
        hint: 'Give the user that runs the proxy the right to read it, and to pass the folders above it.',
      });
    }
  }
}
