import fs, { constants } from 'node:fs';
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
export async function whyUntrusted(file: string, uid: number): Promise<string | undefined> {
  let current = await fs.promises.realpath(file);
  for (;;) {
    const stats = fs.statSync(current);
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

/** What the kernel would make of a file. */
export type ProgramKind = 'script' | 'binary' | 'unknown format' | 'not executable' | 'absent';

const HEADER_LENGTH = 4;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const ELF = '\x7fELF';

/**
 * What the kernel would make of a file (links are followed). A text without `#!` is `unknown format`: many programs would hand
 * it to a shell then, and that we never do.
 */
export async function programKind(file: string): Promise<ProgramKind> {
  try {
    const stats = await fs.promises.stat(file);
    if (!isExecutable(stats)) return 'not executable';
    await using handle = await fs.promises.open(file, OPEN_FLAGS);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_LENGTH), 0, HEADER_LENGTH, 0);
    return kindOfHeader(buffer.toString('latin1', 0, bytesRead));
  } catch (error) {
    return kindOfFailure(file, error);
  }
}

/** The same at once, without a turn of the event loop for each call: only for files in folders of the system, which answer. */
function systemProgramKind(file: string): ProgramKind {
  try {
    if (!isExecutable(fs.statSync(file))) return 'not executable';
    const descriptor = fs.openSync(file, OPEN_FLAGS);
    try {
      const buffer = Buffer.alloc(HEADER_LENGTH);
      return kindOfHeader(buffer.toString('latin1', 0, fs.readSync(descriptor, buffer, 0, HEADER_LENGTH, 0)));
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    return kindOfFailure(file, error);
  }
}

function isExecutable(stats: fs.Stats): boolean {
  return stats.isFile() && (stats.mode & ANY_EXECUTE_BIT) !== 0;
}

function kindOfHeader(header: string): ProgramKind {
  if (header.startsWith('#!')) return 'script';
  return header === ELF ? 'binary' : 'unknown format';
}

function kindOfFailure(file: string, error: unknown): ProgramKind {
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return 'absent';
  // A program that may be executed but not read.
  if (code === 'EACCES') return 'binary';
  throw fileError('look at the program', file, error);
}

function isRunnable(kind: ProgramKind): boolean {
  return kind === 'script' || kind === 'binary';
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
    const kind = await programKind(file);
    if (kind === 'absent') throw notFound(file, '');
    if (!isRunnable(kind)) {
      const what =
        kind === 'unknown format' ? 'neither a binary nor a script that begins with "#!"' : 'not an executable file';
      throw new HostError('HOST_COMMAND_FAILED_TO_START', `${JSON.stringify(file)} is ${what}`, {
        hint: 'Check its type, its mode and its first line.',
      });
    }
    if (options.mustBeTrusted) await checkTrusted(file, options);
    return file;
  }
  const searchPath = options.searchPath ?? TRUSTED_PATH;
  for (const folder of searchPath.split(':')) {
    const candidate = path.join(folder, file);
    if (!isRunnable(systemProgramKind(candidate))) continue;
    if (options.mustBeTrusted) await checkTrusted(candidate, options);
    return candidate;
  }
  throw notFound(file, ` in ${searchPath}`);
}
