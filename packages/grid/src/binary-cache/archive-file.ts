/* eslint-disable no-restricted-syntax -- an archive is streamed, piece by piece, to a new file in a folder that only we can write; the port writes whole texts */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';

import { UntrustedDirectory } from '@slapos/host';

/** Below `<instance_root>/var/lib`; only we write there, and users reach the one file that is theirs to read. */
const FOLDER = 'binary-cache';
const FOLDER_MODE = 0o711;
const FILE_MODE = 0o640;

/** A new file that grows; it is gone when it is disposed of. */
export interface ArchiveFile extends AsyncDisposable {
  readonly path: string;
  append(chunk: Uint8Array): void;
}

/**
 * Makes the file of a download. Its group may read it, so that the software user can unpack it; files of passes that were killed are
 * removed first.
 */
export async function createArchiveFile(instanceRoot: string, gid: number | undefined): Promise<ArchiveFile> {
  await using lib = await UntrustedDirectory.open(`${instanceRoot}/var/lib`);
  await using folder = await lib.openSubdirectory(FOLDER, { create: true, mode: FOLDER_MODE });
  for (const name of await folder.list()) {
    if (!isInUse(name)) await folder.remove(name);
  }
  const name = `${process.pid}-${randomUUID()}.tar.gz`;
  const path = `${instanceRoot}/var/lib/${FOLDER}/${name}`;
  const descriptor = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL, FILE_MODE);
  if (gid !== undefined) fs.fchownSync(descriptor, process.geteuid?.() ?? 0, gid);
  fs.fchmodSync(descriptor, FILE_MODE);
  return {
    path,
    append(chunk) {
      for (let written = 0; written < chunk.length; ) written += fs.writeSync(descriptor, chunk, written);
    },
    async [Symbol.asyncDispose]() {
      fs.closeSync(descriptor);
      fs.rmSync(path, { force: true });
    },
  };
}

/** Whether the process whose pid begins the name still runs. */
function isInUse(name: string): boolean {
  const pid = /^(\d{1,10})-/.exec(name)?.[1];
  return pid !== undefined && fs.existsSync(`/proc/${pid}`);
}

/** Opens for reading a file that somebody else may have made, without following a link; a regular file or an error. */
export function openOwnedFile(path: string, uid: number): fs.ReadStream {
  const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
  const descriptor = fs.openSync(path, flags);
  const stats = fs.fstatSync(descriptor);
  if (stats.isFile() && stats.uid === uid) return fs.createReadStream(path, { fd: descriptor, autoClose: true });
  fs.closeSync(descriptor);
  throw new Error(`${JSON.stringify(path)} is not the file that was made there`);
}
