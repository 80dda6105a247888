import fs from 'node:fs';
import path from 'node:path';

import { fileError, HostError, systemErrorCode } from '../errors.js';
import { DIRECTORY_FLAGS, descriptorPath, explainOpenError, retryInterrupted, untrustedEntry } from './descriptor.js';

/** As many as the kernel follows. */
const MAX_LINKS = 40;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** Whose folders we trust: root's, and those of the user that we are. */
function isTrustedOwner(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** Whether only trusted users can change what the names in this folder mean. */
function isTrustedFolder(stats: fs.Stats): boolean {
  return isTrustedOwner(stats.uid) && ((stats.mode & WRITABLE_BY_OTHERS) === 0 || (stats.mode & STICKY) !== 0);
}

/**
 * Opens a folder component by component and returns its descriptor. A symbolic link is followed only while everything
 * above is in trusted hands and the link itself was made by a trusted user (`/var/run`, an operator's `/srv` on another disk);
 * from the first folder on that somebody else can change, none is. The last component is never a link.
 * @throws HostError `HOST_UNTRUSTED_ENTRY`, `HOST_FILE_FAILED` (for instance ENOENT), `HOST_INVALID_ARGUMENT`.
 */
export function openDirectoryStepwise(directory: string): number {
  if (!path.isAbsolute(directory) || directory.includes('\0')) {
    throw new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(directory)} is not an absolute path`);
  }
  const names = directory.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) {
    throw new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(directory)} must not contain ".."`);
  }
  try {
    return walk(names, directory);
  } catch (error) {
    throw fileError('open the folder', directory, error);
  }
}

function walk(names: string[], wanted: string): number {
  let current = fs.openSync('/', DIRECTORY_FLAGS);
  let trusted = true;
  let links = 0;
  const remaining = names.reverse();
  try {
    for (let name = remaining.pop(); name !== undefined; name = remaining.pop()) {
      trusted &&= isTrustedFolder(fs.fstatSync(current));
      const here = `${descriptorPath(current)}/${name}`;
      let next: number;
      try {
        next = retryInterrupted(() => fs.openSync(here, DIRECTORY_FLAGS));
      } catch (error) {
        const code = systemErrorCode(error);
        const target =
          trusted && remaining.length > 0 && (code === 'ELOOP' || code === 'ENOTDIR')
            ? readTrustedLink(here)
            : undefined;
        links += 1;
        if (target === undefined || links > MAX_LINKS) throw explainOpenError(wanted, 'directory', error);
        remaining.push(
          ...target
            .split('/')
            .filter((part) => part !== '' && part !== '.')
            .reverse(),
        );
        if (!path.isAbsolute(target)) continue;
        next = fs.openSync('/', DIRECTORY_FLAGS);
      }
      fs.closeSync(current);
      current = next;
    }
    return current;
  } catch (error) {
    fs.closeSync(current);
    throw error;
  }
}

/** The target of a link that a trusted user made, or `undefined` when it is something else. */
function readTrustedLink(link: string): string | undefined {
  const stats = fs.lstatSync(link);
  return stats.isSymbolicLink() && isTrustedOwner(stats.uid) ? fs.readlinkSync(link) : undefined;
}

export interface ExpectedOwner {
  /** Who the folder must belong to. Absent: anybody. */
  readonly expectedUid?: number;
}

/** Checks the owner of an open folder. */
export function checkOwner(descriptor: number, directory: string, expected: ExpectedOwner): void {
  if (expected.expectedUid === undefined) return;
  const { uid } = fs.fstatSync(descriptor);
  if (uid !== expected.expectedUid) {
    throw untrustedEntry(directory, `belongs to uid ${String(uid)}, not to uid ${String(expected.expectedUid)}`);
  }
}
