import { UntrustedDirectory, type UserIdentity } from '@slapos/host';
import { StandaloneError } from '../errors.js';

const FOLDER_MODE = 0o750;

/** A folder of a release or a partition, to put files into that belong to its user. */
export class OwnedFolder {
  readonly directory: string;
  readonly #owner: { uid?: number; gid?: number };

  constructor(directory: string, user: UserIdentity | undefined) {
    this.directory = directory;
    this.#owner = user === undefined ? {} : { uid: user.uid, gid: user.gid };
  }

  /** Writes a file when it differs; folders on the way are made. @throws StandaloneError `STANDALONE_INVALID_OPTIONS` */
  async write(relativePath: string, content: string | Uint8Array, mode: number): Promise<void> {
    const names = split(relativePath);
    const name = names.pop() ?? '';
    await this.#inside(names, async (folder) => {
      await folder.writeAtomicIfDifferent(name, content, { mode, ...this.#owner });
    });
  }

  /** Removes the files of a folder that are not named. */
  async keepOnly(relativeFolder: string, kept: ReadonlySet<string>): Promise<void> {
    await this.#inside(split(relativeFolder), async (folder) => {
      for (const name of await folder.list()) if (!kept.has(name)) await folder.remove(name);
    });
  }

  async #inside(names: readonly string[], action: (folder: UntrustedDirectory) => Promise<void>): Promise<void> {
    await using top = await UntrustedDirectory.open(this.directory);
    await this.#below(top, names, action);
  }

  async #below(
    folder: UntrustedDirectory,
    [name, ...names]: readonly string[],
    action: (folder: UntrustedDirectory) => Promise<void>,
  ): Promise<void> {
    if (name === undefined) return action(folder);
    await using next = await folder.openSubdirectory(name, { create: true, mode: FOLDER_MODE, ...this.#owner });
    await this.#below(next, names, action);
  }
}

function split(relativePath: string): string[] {
  const names = relativePath.split('/');
  if (names.every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0'))) return names;
  throw new StandaloneError(
    'STANDALONE_INVALID_OPTIONS',
    `Not a path inside of a folder: ${JSON.stringify(relativePath)}`,
  );
}
