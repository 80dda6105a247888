import fs from 'node:fs/promises';
import path from 'node:path';

import { fileError, HostError, systemErrorCode } from '../errors.js';
import { TRUSTED_PATH } from './environment.js';

const ANY_EXECUTE_BIT = 0o111;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

export interface FindProgramOptions {
  /** Refuse a program that somebody else than root (or we) can change. */
  readonly mustBeTrusted: boolean;
  /** Our own uid. */
  readonly uid: number;
  /** The folders to look into, for bare names. Default: the trusted PATH. */
  readonly searchPath?: string;
}

/** Why somebody else could change this program, or `undefined` when nobody can. Looks at the file and each folder above it. */
async function whyUntrusted(file: string, uid: number): Promise<string | undefined> {
  let current = await fs.realpath(file);
  for (;;) {
    const stats = await fs.stat(current);
    if (stats.uid !== 0 && stats.uid !== uid) return `${JSON.stringify(current)} belongs to uid ${stats.uid}`;
    const sharedFolder = stats.isDirectory() && (stats.mode & STICKY) !== 0;
    // A group that holds only root changes nothing; Debian gives some system folders to such groups.
    const writable = stats.gid === 0 ? stats.mode & 0o002 : stats.mode & WRITABLE_BY_OTHERS;
    if (writable !== 0 && !sharedFolder) return `${JSON.stringify(current)} is writable by others`;
    const parent = path.dirname(current);
    if (parent === current) return undefined;
    current = parent;
  }
}

async function isProgram(file: string): Promise<'yes' | 'absent' | 'not executable'> {
  try {
    const stats = await fs.stat(file);
    return stats.isFile() && (stats.mode & ANY_EXECUTE_BIT) !== 0 ? 'yes' : 'not executable';
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return 'absent';
    throw fileError('look at the program', file, error);
  }
}

function notFound(file: string, where: string): HostError {
  return new HostError('HOST_COMMAND_NOT_FOUND', `There is no program ${JSON.stringify(file)}${where}`, {
    hint: 'Install the package that has it, or correct the path in the configuration.',
  });
}

async function checkTrusted(file: string, options: FindProgramOptions): Promise<void> {
  const reason = await whyUntrusted(file, options.uid);
  if (reason !== undefined) {
    throw new HostError('HOST_COMMAND_UNTRUSTED', `Will not run ${JSON.stringify(file)}: ${reason}`, {
      hint: 'The program and the folders above it must belong to root and be writable by root only.',
    });
  }
}

/**
 * The absolute path of a program: an absolute path as it is, a bare name looked up in the trusted PATH. (spec: security S15)
 * @throws HostError `HOST_COMMAND_NOT_FOUND`, `HOST_COMMAND_FAILED_TO_START` (not executable), `HOST_COMMAND_UNTRUSTED`,
 * `HOST_INVALID_ARGUMENT` (a relative path).
 */
export async function findProgram(file: string, options: FindProgramOptions): Promise<string> {
  if (file.includes('\0') || file === '' || (file.includes('/') && !path.isAbsolute(file))) {
    throw new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(file)} is neither an absolute path nor a bare name`);
  }
  if (path.isAbsolute(file)) {
    const kind = await isProgram(file);
    if (kind === 'absent') throw notFound(file, '');
    if (kind === 'not executable') {
      throw new HostError('HOST_COMMAND_FAILED_TO_START', `${JSON.stringify(file)} is not an executable file`, {
        hint: 'Check its type and its mode.',
      });
    }
    if (options.mustBeTrusted) await checkTrusted(file, options);
    return file;
  }
  const searchPath = options.searchPath ?? TRUSTED_PATH;
  for (const folder of searchPath.split(':')) {
    const candidate = path.join(folder, file);
    if ((await isProgram(candidate)) !== 'yes') continue;
    if (options.mustBeTrusted) await checkTrusted(candidate, options);
    return candidate;
  }
  throw notFound(file, ` in ${searchPath}`);
}
