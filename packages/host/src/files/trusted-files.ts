import path from 'node:path';

import { systemErrorCode } from '../errors.js';
import type { WriteOptions } from './options.js';
import type { RemoveTreeOptions, RemoveTreeReport } from './remove-tree.js';
import { UntrustedDirectory } from './untrusted-directory.js';

async function inParent<Result>(
  file: string,
  operation: (parent: UntrustedDirectory, name: string) => Promise<Result>,
): Promise<Result> {
  const absolute = path.resolve(file);
  await using parent = await UntrustedDirectory.open(path.dirname(absolute));
  return await operation(parent, path.basename(absolute));
}

/**
 * Replaces a file by one with this content: a new file, flushed, renamed over the name, the folder flushed. After a crash
 * there is the old file or the new one. Mode 0600 unless given, whatever the umask. The folder must exist.
 * Safe in folders of others too, but whoever works there for long should hold an UntrustedDirectory.
 * @throws HostError `HOST_FILE_FAILED`, `HOST_UNTRUSTED_ENTRY` (a folder has the name).
 */
export function writeFileAtomically(
  file: string,
  data: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  return inParent(file, (parent, name) => parent.writeAtomic(name, data, options));
}

/** Like `writeFileAtomically`, but leaves a file alone that is the same already. Returns whether it wrote. (spec: grid 15.4) */
export function writeFileIfDifferent(
  file: string,
  data: string | Uint8Array,
  options: WriteOptions = {},
): Promise<boolean> {
  return inParent(file, (parent, name) => parent.writeAtomicIfDifferent(name, data, options));
}

/** Removes a file or a folder with everything in it; see `removeTreeAt`. An absent one is fine. */
export async function removeTree(target: string, options: RemoveTreeOptions = {}): Promise<RemoveTreeReport> {
  try {
    return await inParent(target, (parent, name) => parent.removeTree(name, options));
  } catch (error) {
    if (error instanceof Error && systemErrorCode(error.cause) === 'ENOENT') return { removed: 0, finished: true };
    throw error;
  }
}
