import fs from 'node:fs';
import path from 'node:path';

import { fileError, HostError, systemErrorCode } from '../errors.js';
import { changeTreeOwner, type OwnershipOptions, type OwnershipReport } from './change-owner.js';
import {
  descriptorPath,
  entryStat,
  explainOpenError,
  MODE_BITS,
  READ_FLAGS,
  untrustedEntry,
  type EntryStat,
} from './descriptor.js';
import {
  appendToEntry,
  checkRegular,
  entryPath,
  linkEntry,
  openEntry,
  openSubfolder,
  readEntry,
  removeStaleTemporaries,
  renameEntry,
  setOwner,
  shownPath,
  statEntry,
  writeEntry,
  type OpenFolder,
} from './entry.js';
import { checkEntryName } from './names.js';
import { checkOwner, openDirectoryStepwise, type ExpectedOwner } from './open-directory.js';
import {
  DEFAULT_FILE_MODE,
  type OpenSubdirectoryOptions,
  type Ownership,
  type ReadOptions,
  type WriteOptions,
} from './options.js';
import { removeTreeAt, type RemoveTreeOptions, type RemoveTreeReport } from './remove-tree.js';

/** A folder that the agent lists and that has more entries than this was made to hurt. */
const DEFAULT_MAX_ENTRIES = 1_000_000;

/**
 * A folder that somebody we do not trust owns, held by its descriptor: whatever its owner does to names meanwhile,
 * every operation happens in this very folder, follows no link, opens no FIFO or device, and replaces names instead of
 * writing through them. Each `name` is the name of one entry. (spec: security, P2)
 *
 * Errors: `HOST_UNTRUSTED_ENTRY` when something is not what it should be, `HOST_FILE_TOO_LARGE`, `HOST_INVALID_ARGUMENT`
 * (not a name), `HOST_FILE_FAILED` for system errors; all name the path.
 */
export class UntrustedDirectory implements AsyncDisposable {
  /** Where it was when it was opened; for messages. */
  readonly path: string;
  #descriptor: number;
  #cleaned = false;

  private constructor(descriptor: number, directory: string) {
    this.#descriptor = descriptor;
    this.path = directory;
  }

  /** Opens a folder without following links through folders of others; the last component is never a link. */
  static async open(directory: string, options: ExpectedOwner = {}): Promise<UntrustedDirectory> {
    return UntrustedDirectory.#adopt(openDirectoryStepwise(directory), directory, options);
  }

  static #adopt(descriptor: number, directory: string, options: ExpectedOwner): UntrustedDirectory {
    try {
      checkOwner(descriptor, directory, options);
    } catch (error) {
      fs.closeSync(descriptor);
      throw fileError('open the folder', directory, error);
    }
    return new UntrustedDirectory(descriptor, directory);
  }

  /** Facts about the folder itself. */
  async statSelf(): Promise<EntryStat> {
    return this.#do('look at', '.', () => entryStat(fs.fstatSync(this.#fd)));
  }

  /** Facts about an entry (a link is not followed); `undefined` when it is absent. */
  async stat(name: string): Promise<EntryStat | undefined> {
    return this.#do('look at', name, () => statEntry(this.#folder, name));
  }

  async exists(name: string): Promise<boolean> {
    return (await this.stat(name)) !== undefined;
  }

  /** The names in the folder, sorted; those that are not UTF-8 are left out. */
  async list(options: { readonly maxEntries?: number } = {}): Promise<string[]> {
    return this.#do('list', '.', () => {
      const maximum = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
      const names: string[] = [];
      const folder = fs.opendirSync(descriptorPath(this.#fd));
      try {
        for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
          if (names.length === maximum) throw untrustedEntry(this.path, `has more than ${String(maximum)} entries`);
          if (!entry.name.includes('\uFFFD')) names.push(entry.name);
        }
      } finally {
        folder.closeSync();
      }
      return names.sort();
    });
  }

  /** The bytes of a regular file; `undefined` when it is absent. */
  async readBytes(name: string, options: ReadOptions = {}): Promise<Buffer | undefined> {
    return this.#do('read', name, () => readEntry(this.#folder, name, options));
  }

  /** The text of a regular file, bad UTF-8 replaced; `undefined` when it is absent. */
  async readText(name: string, options: ReadOptions = {}): Promise<string | undefined> {
    return (await this.readBytes(name, options))?.toString('utf8');
  }

  /** Where a symbolic link points to, as text; `undefined` when it is absent. */
  async readLink(name: string): Promise<string | undefined> {
    return this.#do('read the link', name, () => {
      try {
        return fs.readlinkSync(entryPath(this.#folder, name));
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return undefined;
        throw systemErrorCode(error) === 'EINVAL'
          ? untrustedEntry(shownPath(this.#folder, name), 'is not a symbolic link', error)
          : error;
      }
    });
  }

  /** Replaces the name by a new file with this content, flushed to the disk; whatever was there (but a folder) is gone. */
  async writeAtomic(name: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
    await this.#doAsync('write', name, async () => {
      checkEntryName(name);
      await this.#cleanUp();
      await writeEntry(this.#folder, name, typeof data === 'string' ? Buffer.from(data) : data, options);
    });
  }

  /** Like `writeAtomic`, but leaves a file alone that has the same content, mode and owner. Returns whether it wrote. (spec: grid 15.4) */
  async writeAtomicIfDifferent(name: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<boolean> {
    const wanted =
      typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.length);
    const same = await this.#do('compare', name, () => {
      const stats = statEntry(this.#folder, name);
      const unchanged =
        stats?.type === 'file' &&
        stats.size === wanted.length &&
        stats.linkCount === 1 &&
        stats.mode === (options.mode ?? DEFAULT_FILE_MODE) &&
        stats.uid === (options.uid ?? process.geteuid?.()) &&
        stats.gid === (options.gid ?? process.getegid?.());
      return unchanged && readEntry(this.#folder, name, { maxBytes: wanted.length })?.equals(wanted) === true;
    });
    if (!same) await this.writeAtomic(name, wanted, options);
    return !same;
  }

  /** Adds a line to a regular file of ours or of the folder's owner, made when absent; refuses one with a second name. */
  async appendLine(name: string, line: string, options: WriteOptions = {}): Promise<void> {
    await this.#do('append to', name, () => appendToEntry(this.#folder, name, line, options));
  }

  /** Moves `name` to `name.1`, `name.1` to `name.2` and so on; the one beyond `keep` goes. Absent ones are skipped. */
  async rotate(name: string, keep: number): Promise<void> {
    if (!Number.isInteger(keep) || keep < 1) {
      throw new HostError(
        'HOST_INVALID_ARGUMENT',
        `Cannot keep ${String(keep)} rotated files of ${JSON.stringify(shownPath(this.#folder, name))}`,
      );
    }
    await this.#do('rotate', name, () => {
      const rotated = (index: number): string => (index === 0 ? name : `${name}.${String(index)}`);
      for (let index = keep - 1; index >= 0; index -= 1) {
        if (statEntry(this.#folder, rotated(index)) !== undefined)
          renameEntry(this.#folder, rotated(index), rotated(index + 1));
      }
    });
  }

  /** Removes a name that is not a folder. Returns whether there was one. */
  async remove(name: string): Promise<boolean> {
    return this.#do('remove', name, () => {
      try {
        fs.unlinkSync(entryPath(this.#folder, name));
        return true;
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return false;
        throw explainOpenError(shownPath(this.#folder, name), 'file', error);
      }
    });
  }

  /** Renames an entry, over whatever has the new name; into another folder of the same file system, if one is given. */
  async rename(from: string, to: string, into: UntrustedDirectory = this): Promise<void> {
    await this.#do('rename', from, () => renameEntry(this.#folder, from, to, into.#folder));
  }

  /** Removes an entry with everything below it; see `RemoveTreeOptions` for limits and for doing it as its owner. */
  async removeTree(name: string, options: RemoveTreeOptions = {}): Promise<RemoveTreeReport> {
    return this.#doAsync('remove', name, () => {
      entryPath(this.#folder, name);
      return removeTreeAt(this.#fd, this.path, name, options);
    });
  }

  /** Gives an entry and everything below it to a user, by descriptor: never through a link, never a file with a second name. */
  async changeTreeOwner(name: string, options: OwnershipOptions): Promise<OwnershipReport> {
    return this.#doAsync('change the owner of', name, () => {
      entryPath(this.#folder, name);
      return changeTreeOwner(this.#fd, this.path, name, options);
    });
  }

  /** Changes owner and mode of a regular file with one name, or of a folder. */
  async setAttributes(name: string, options: Ownership & { readonly mode?: number }): Promise<void> {
    await this.#do('change', name, () => {
      const descriptor = openEntry(this.#folder, name, READ_FLAGS, 'file');
      try {
        const stats = fs.fstatSync(descriptor);
        if (!stats.isDirectory()) checkRegular(this.#folder, descriptor, name, { singleLink: true });
        setOwner(descriptor, options);
        if (options.mode !== undefined) fs.fchmodSync(descriptor, options.mode);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  /** Changes owner and mode of the folder itself, when they differ. Returns whether they did. */
  async setOwnAttributes(options: Ownership & { readonly mode?: number }): Promise<boolean> {
    return this.#do('change', '.', () => {
      const stats = fs.fstatSync(this.#fd);
      const { uid = stats.uid, gid = stats.gid, mode = stats.mode & MODE_BITS } = options;
      const differs = uid !== stats.uid || gid !== stats.gid;
      if (differs) fs.fchownSync(this.#fd, uid, gid);
      if (mode === (stats.mode & MODE_BITS) && !differs) return false;
      fs.fchmodSync(this.#fd, mode);
      return true;
    });
  }

  /** Opens a folder inside this one; with `create`, makes it first when it is absent, or finishes one that a killed process began. */
  async openSubdirectory(name: string, options: OpenSubdirectoryOptions = {}): Promise<UntrustedDirectory> {
    return this.#do('open the folder', name, () => {
      const descriptor = openSubfolder(this.#folder, name, options);
      return new UntrustedDirectory(descriptor, shownPath(this.#folder, name));
    });
  }

  /** Replaces the name by a symbolic link that belongs to the given user. */
  async symlink(name: string, target: string, owner: Ownership = {}): Promise<void> {
    await this.#doAsync('link', name, async () => {
      checkEntryName(name);
      await this.#cleanUp();
      await linkEntry(this.#folder, name, target, owner);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#descriptor === -1) return;
    fs.closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  get #fd(): number {
    if (this.#descriptor === -1)
      throw new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(this.path)} was closed`);
    return this.#descriptor;
  }

  get #folder(): OpenFolder {
    return { descriptor: this.#fd, path: this.path };
  }

  async #do<Result>(action: string, name: string, operation: () => Result): Promise<Result> {
    try {
      return operation();
    } catch (error) {
      throw fileError(action, path.join(this.path, name), error);
    }
  }

  async #doAsync<Result>(action: string, name: string, operation: () => Promise<Result>): Promise<Result> {
    try {
      return await operation();
    } catch (error) {
      throw fileError(action, path.join(this.path, name), error);
    }
  }

  /** Once per opening, before the first write. */
  async #cleanUp(): Promise<void> {
    if (this.#cleaned) return;
    this.#cleaned = true;
    await removeStaleTemporaries(this.#folder);
  }
}
