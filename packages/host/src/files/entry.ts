import fs from 'node:fs';
import path from 'node:path';

import { HostError, systemErrorCode } from '../errors.js';
import {
  CREATE_FLAGS,
  DIRECTORY_FLAGS,
  descriptorPath,
  entryStat,
  explainOpenError,
  flush,
  MODE_BITS,
  READ_FLAGS,
  retryInterrupted,
  untrustedEntry,
  writeFully,
  type EntryStat,
} from './descriptor.js';
import { checkEntryName, isStaleTemporaryName, temporaryName } from './names.js';
import { checkOwner } from './open-directory.js';
import {
  DEFAULT_DIRECTORY_MODE,
  DEFAULT_FILE_MODE,
  DEFAULT_MAX_BYTES,
  PRIVATE_DIRECTORY_MODE,
  type OpenSubdirectoryOptions,
  type Ownership,
  type ReadOptions,
  type WriteOptions,
} from './options.js';
import { removeTreeAt } from './remove-tree.js';

/** An open folder of somebody else: its descriptor, and its path for messages. */
export interface OpenFolder {
  readonly descriptor: number;
  readonly path: string;
}

/** The path under which the kernel finds the entry in this very folder. */
export function entryPath(folder: OpenFolder, name: string): string {
  checkEntryName(name);
  return `${descriptorPath(folder.descriptor)}/${name}`;
}

export function shownPath(folder: OpenFolder, name: string): string {
  return path.join(folder.path, name);
}

function changedMeanwhile(folder: OpenFolder, name: string, activity: string): HostError {
  return new HostError(
    'HOST_UNTRUSTED_CHANGED',
    `${JSON.stringify(shownPath(folder, name))} was changed while it was being ${activity}`,
    { retryable: true },
  );
}

/** Facts about an entry, not followed; `undefined` when it is absent. */
export function statEntry(folder: OpenFolder, name: string): EntryStat | undefined {
  const stats = fs.lstatSync(entryPath(folder, name), { throwIfNoEntry: false });
  return stats === undefined ? undefined : entryStat(stats);
}

export function openEntry(
  folder: OpenFolder,
  name: string,
  flags: number,
  wanted: 'file' | 'directory',
  mode?: number,
): number {
  const entry = entryPath(folder, name);
  try {
    return retryInterrupted(() => fs.openSync(entry, flags, mode));
  } catch (error) {
    throw explainOpenError(shownPath(folder, name), wanted, error);
  }
}

/** Makes sure that an open entry is a regular file. */
export function checkRegular(
  folder: OpenFolder,
  descriptor: number,
  name: string,
  options: { readonly singleLink?: boolean },
): fs.Stats {
  const stats = fs.fstatSync(descriptor);
  if (!stats.isFile()) throw untrustedEntry(shownPath(folder, name), 'is not a regular file');
  if (options.singleLink === true && stats.nlink !== 1) {
    throw untrustedEntry(shownPath(folder, name), `has ${String(stats.nlink)} names (hard links)`);
  }
  return stats;
}

/** The bytes of a regular file; `undefined` when it is absent. */
export function readEntry(folder: OpenFolder, name: string, options: ReadOptions): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openEntry(folder, name, READ_FLAGS, 'file');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = checkRegular(folder, descriptor, name, options);
    checkOwner(descriptor, shownPath(folder, name), options);
    const limit = options.maxBytes ?? DEFAULT_MAX_BYTES;
    const shown = shownPath(folder, name);
    if (options.from !== undefined)
      return readRange(descriptor, options.from, Math.max(0, Math.min(stats.size - options.from, limit)));
    if (options.tail === true && stats.size > limit) return readRange(descriptor, stats.size - limit, limit);
    return readUpTo(descriptor, shown, stats.size, limit);
  } finally {
    fs.closeSync(descriptor);
  }
}

export function renameEntry(folder: OpenFolder, from: string, to: string, into = folder): void {
  try {
    fs.renameSync(entryPath(folder, from), entryPath(into, to));
  } catch (error) {
    throw explainOpenError(shownPath(into, to), 'file', error);
  }
}

/** Replaces the name by a new, flushed file. The content is whole before the file is given to anybody. */
export async function writeEntry(
  folder: OpenFolder,
  name: string,
  data: Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const temporary = temporaryName();
  const target = entryPath(folder, temporary);
  const descriptor = retryInterrupted(() => fs.openSync(target, CREATE_FLAGS, DEFAULT_FILE_MODE));
  let renamed = false;
  try {
    writeFully(descriptor, data);
    setOwner(descriptor, options);
    fs.fchmodSync(descriptor, options.mode ?? DEFAULT_FILE_MODE);
    if (options.durable !== false) await flush(descriptor);
    renameEntry(folder, temporary, name);
    renamed = true;
    if (statEntry(folder, name)?.inode !== fs.fstatSync(descriptor).ino)
      throw changedMeanwhile(folder, name, 'written');
  } finally {
    fs.closeSync(descriptor);
    if (!renamed) quietly(() => fs.unlinkSync(target));
  }
  if (options.durable !== false) await flush(folder.descriptor);
}

/** Adds a line to a regular file with one name, of ours or of one of the owners. */
export function appendToEntry(folder: OpenFolder, name: string, line: string, options: WriteOptions): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = fs.constants;
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const isNew = statEntry(folder, name) === undefined;
  const descriptor = openEntry(folder, name, flags, 'file', DEFAULT_FILE_MODE);
  try {
    const stats = checkRegular(folder, descriptor, name, { singleLink: true });
    const owners = [process.geteuid?.(), options.uid, fs.fstatSync(folder.descriptor).uid];
    if (!owners.includes(stats.uid))
      throw untrustedEntry(shownPath(folder, name), `belongs to uid ${String(stats.uid)}`);
    if (isNew && stats.size === 0) {
      setOwner(descriptor, options);
      fs.fchmodSync(descriptor, options.mode ?? DEFAULT_FILE_MODE);
    }
    writeFully(descriptor, Buffer.from(line.endsWith('\n') ? line : `${line}\n`));
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Opens a folder inside the folder, made first if asked for and absent. It is ours and private until it is as it should be: one that
 * still is, and empty, was made by a process that was killed before it had finished, and is finished now.
 */
export function openSubfolder(folder: OpenFolder, name: string, options: OpenSubdirectoryOptions): number {
  const created = options.create === true && makeFolder(folder, name);
  const descriptor = openEntry(folder, name, DIRECTORY_FLAGS, 'directory');
  try {
    if (created) checkFresh(folder, descriptor, name);
    if (created || (options.create === true && isFresh(descriptor, MODE_BITS))) {
      setOwner(descriptor, options);
      fs.fchmodSync(descriptor, options.mode ?? DEFAULT_DIRECTORY_MODE);
    }
    checkOwner(descriptor, shownPath(folder, name), options);
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

/**
 * Replaces the name by a symbolic link of the given owner. The link is made in a folder that only we can enter: under a name in
 * the owner's folder it could be swapped for a hard link to a file of root before it is given away.
 */
export async function linkEntry(folder: OpenFolder, name: string, target: string, owner: Ownership): Promise<void> {
  const privateName = temporaryName();
  makeFolder(folder, privateName);
  try {
    const descriptor = openEntry(folder, privateName, DIRECTORY_FLAGS, 'directory');
    try {
      checkFresh(folder, descriptor, privateName);
      const inside = `${descriptorPath(descriptor)}/link`;
      fs.symlinkSync(target, inside);
      try {
        if (owner.uid !== undefined || owner.gid !== undefined) {
          const stats = fs.lstatSync(inside);
          fs.lchownSync(inside, owner.uid ?? stats.uid, owner.gid ?? stats.gid);
        }
        fs.renameSync(inside, entryPath(folder, name));
      } catch (error) {
        quietly(() => fs.unlinkSync(inside));
        throw explainOpenError(shownPath(folder, name), 'file', error);
      }
    } finally {
      fs.closeSync(descriptor);
    }
  } finally {
    quietly(() => fs.rmdirSync(entryPath(folder, privateName)));
  }
  await flush(folder.descriptor);
}

/** Removes what processes that were killed in the middle of a write left here. */
export async function removeStaleTemporaries(folder: OpenFolder): Promise<void> {
  for (const name of fs.readdirSync(descriptorPath(folder.descriptor))) {
    if (isStaleTemporaryName(name)) await removeTreeAt(folder.descriptor, folder.path, name, {});
  }
}

function makeFolder(folder: OpenFolder, name: string): boolean {
  try {
    fs.mkdirSync(entryPath(folder, name), { mode: PRIVATE_DIRECTORY_MODE });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes sure that an open folder is the one that we have just made. */
function checkFresh(folder: OpenFolder, descriptor: number, name: string): void {
  // A strict umask takes more bits away.
  if (!isFresh(descriptor, ~PRIVATE_DIRECTORY_MODE & 0o777)) throw changedMeanwhile(folder, name, 'made');
}

/** Whether a folder is empty, ours, and private as far as these bits of its mode go. */
function isFresh(descriptor: number, bits: number): boolean {
  const { uid, mode } = fs.fstatSync(descriptor);
  const isPrivate = (mode & bits) === (PRIVATE_DIRECTORY_MODE & bits);
  return uid === process.geteuid?.() && isPrivate && fs.readdirSync(descriptorPath(descriptor)).length === 0;
}

/**
 * For cleaning up: the first error matters, and a later process removes what stays. Tried twice, because what failed for a
 * passing reason would stay for as long as this process lives.
 */
function quietly(cleanUp: () => void): void {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      cleanUp();
      return;
    } catch {
      // See above.
    }
  }
}

/** Gives an open file or folder to a user; what is not given stays. */
export function setOwner(descriptor: number, owner: Ownership): void {
  if (owner.uid === undefined && owner.gid === undefined) return;
  const stats = fs.fstatSync(descriptor);
  const { uid = stats.uid, gid = stats.gid } = owner;
  if (uid !== stats.uid || gid !== stats.gid) fs.fchownSync(descriptor, uid, gid);
}

/** Reads a file whose size may change meanwhile, never more than the limit. */
function readUpTo(descriptor: number, shown: string, size: number, limit: number): Buffer {
  const tooLarge = (): HostError =>
    new HostError('HOST_FILE_TOO_LARGE', `${JSON.stringify(shown)} is larger than ${String(limit)} bytes`);
  if (size > limit) throw tooLarge();
  // One byte more than it says, to see the end without a second buffer.
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const count = retryInterrupted(() => fs.readSync(descriptor, buffer, length, buffer.length - length, null));
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length > limit) throw tooLarge();
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
  }
}

/** Reads so many bytes from a position on, or what there is of them. */
function readRange(descriptor: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const count = retryInterrupted(() => fs.readSync(descriptor, buffer, read, length - read, position + read));
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}
