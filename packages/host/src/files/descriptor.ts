import fs from 'node:fs';

import { HostError, systemErrorCode } from '../errors.js';

/** `O_PATH` of Linux, which Node.js does not name: a descriptor that stands for the entry and opens nothing. */
export const O_PATH = 0o10000000;
export const READ_FLAGS =
  fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;
export const DIRECTORY_FLAGS = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;
export const CREATE_FLAGS =
  fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;

/** All twelve bits: permissions, set-user-id, set-group-id, sticky. */
export const MODE_BITS = 0o7777;

/** What is behind a name. */
export type EntryType = 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'device';

/** Facts about an entry; of a link, about the link itself. */
export interface EntryStat {
  readonly type: EntryType;
  readonly uid: number;
  readonly gid: number;
  /** The twelve bits, without the type. */
  readonly mode: number;
  readonly size: number;
  readonly linkCount: number;
  readonly inode: number;
  readonly device: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly modifiedMs: number;
}

/** The path of an open descriptor, as the kernel offers it: it names the very folder, wherever it has been moved. */
export function descriptorPath(descriptor: number): string {
  return `/proc/self/fd/${String(descriptor)}`;
}

export function entryType(stats: fs.Stats): EntryType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isFIFO()) return 'fifo';
  return stats.isSocket() ? 'socket' : 'device';
}

export function entryStat(stats: fs.Stats): EntryStat {
  return {
    type: entryType(stats),
    uid: stats.uid,
    gid: stats.gid,
    mode: stats.mode & MODE_BITS,
    size: stats.size,
    linkCount: stats.nlink,
    inode: stats.ino,
    device: stats.dev,
    modifiedMs: stats.mtimeMs,
  };
}

/** An error about something in somebody else's folder that is not what it should be. */
export function untrustedEntry(path: string, what: string, cause?: unknown): HostError {
  return new HostError('HOST_UNTRUSTED_ENTRY', `${JSON.stringify(path)} ${what}`, {
    hint: 'Somebody who owns this folder changed it. Remove the entry, then run again.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What the system errors of a careful `open` mean. */
export function explainOpenError(path: string, wanted: 'file' | 'directory', error: unknown): unknown {
  switch (systemErrorCode(error)) {
    case 'ELOOP':
      return untrustedEntry(path, 'is a symbolic link', error);
    case 'ENOTDIR':
      return untrustedEntry(path, 'is not a folder', error);
    case 'EISDIR':
      return untrustedEntry(path, 'is a folder', error);
    case 'ENXIO':
    case 'ENODEV':
      return untrustedEntry(path, `is not a ${wanted === 'file' ? 'regular file' : 'folder'}`, error);
    default:
      return error;
  }
}

/** Flushes a descriptor to the disk without blocking the event loop. */
export function flush(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(descriptor, (error) => {
      // Some file systems have nothing to flush for a folder, and say so.
      if (error === null || systemErrorCode(error) === 'EINVAL') resolve();
      else reject(error);
    });
  });
}

/** Writes all of it, however many calls that takes. */
export function writeFully(descriptor: number, data: Uint8Array): void {
  for (let written = 0; written < data.length; ) {
    written += retryInterrupted(() => fs.writeSync(descriptor, data, written));
  }
}

const MAX_INTERRUPTIONS = 100;

/** Calls again what a signal interrupted. */
export function retryInterrupted<Result>(call: () => Result): Result {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return call();
    } catch (error) {
      if (systemErrorCode(error) !== 'EINTR' || attempt === MAX_INTERRUPTIONS) throw error;
    }
  }
}
