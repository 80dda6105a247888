import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { findProgram } from '../commands/program.js';
import { isProcessAlive } from '../commands/process-tree.js';
import { fileError, HostError, systemErrorCode } from '../errors.js';
import { silentLogger, type Logger } from '../log/logger.js';
import type { HeldLock, Locks } from './lock.js';

const LOCK_MODE = 0o644;
const MAX_CONTENT = 32;
/** flock(1) exits with this when somebody else has the lock. */
const CONFLICT = 1;
/** The number under which flock(1) gets our descriptor. */
const INHERITED = 3;
const MAX_ATTEMPTS = 100;
/** A holder writes its pid right after it got the lock: wait that long for it before saying "unknown". */
const PID_PATIENCE_MS = 200;
const PID_POLL_MS = 10;
const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;

export interface AcquireLockOptions {
  readonly logger?: Logger;
}

function lockFailed(file: string, what: string, cause?: unknown): HostError {
  return new HostError('HOST_LOCK_FAILED', `Cannot use the lock file ${JSON.stringify(file)}: ${what}`, {
    hint: 'The file must be a regular file in a folder that only root (or you) can change; check the pidfile options.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function checkFolder(file: string): void {
  const folder = path.dirname(file);
  let stats: fs.Stats;
  try {
    stats = fs.statSync(folder);
  } catch (error) {
    throw lockFailed(
      file,
      `the folder ${JSON.stringify(folder)} cannot be used (${systemErrorCode(error) ?? 'error'})`,
      error,
    );
  }
  const trustedOwner = stats.uid === 0 || stats.uid === process.geteuid?.();
  const shared = (stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & STICKY) === 0;
  if (!trustedOwner) throw lockFailed(file, `its folder belongs to uid ${String(stats.uid)}`);
  if (shared && !(stats.gid === process.getegid?.() && (stats.mode & 0o002) === 0)) {
    throw lockFailed(file, 'its folder is writable by others');
  }
}

function openLockFile(file: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, LOCK_MODE);
  } catch (error) {
    const code = systemErrorCode(error);
    throw lockFailed(file, code === 'ELOOP' ? 'it is a symbolic link' : (code ?? String(error)), error);
  }
  let stats: fs.Stats;
  try {
    stats = fs.fstatSync(descriptor);
  } catch (error) {
    fs.closeSync(descriptor);
    throw fileError('look at', file, error);
  }
  if (stats.isFile() && stats.nlink <= 1) return descriptor;
  fs.closeSync(descriptor);
  throw lockFailed(file, stats.isFile() ? 'it has a second name (hard link)' : 'it is not a regular file');
}

/**
 * Asks for the kernel's lock on an open file. The lock belongs to the open file, which flock(1) shares with us and leaves
 * locked when it ends: so it is ours until we close it or die, however we die.
 */
async function tryFlock(flock: string, descriptor: number, file: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const args = ['--exclusive', '--nonblock', String(INHERITED)];
    const child = spawn(flock, args, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe', descriptor] });
    let message = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      message = (message + text).slice(0, 1000);
    });
    child.once('error', (error) => reject(lockFailed(file, 'flock cannot be started', error)));
    child.once('close', (exitCode) => {
      if (exitCode === 0 || exitCode === CONFLICT) resolve(exitCode === 0);
      else reject(lockFailed(file, `flock failed: ${message.trim() || String(exitCode)}`));
    });
  });
}

function readPid(descriptor: number): number | undefined {
  const buffer = Buffer.alloc(MAX_CONTENT);
  const length = fs.readSync(descriptor, buffer, 0, MAX_CONTENT, 0);
  const match = /^\s*(\d{1,10})\s*$/.exec(buffer.toString('latin1', 0, length));
  return match === null ? undefined : Number(match[1]);
}

async function awaitHolder(descriptor: number): Promise<number | undefined> {
  const deadline = performance.now() + PID_PATIENCE_MS;
  for (;;) {
    const pid = readPid(descriptor);
    if (pid !== undefined && isProcessAlive(pid)) return pid;
    if (performance.now() > deadline) return undefined;
    await new Promise((resolve) => setTimeout(resolve, PID_POLL_MS));
  }
}

function readProc(pid: number, entry: 'cmdline' | 'exe'): string {
  try {
    return entry === 'exe'
      ? fs.readlinkSync(`/proc/${String(pid)}/exe`)
      : fs.readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  } catch {
    return ''; // gone, a kernel thread, or not ours to see
  }
}

function hasOpen(pid: number, stats: fs.Stats): boolean {
  const folder = `/proc/${String(pid)}/fd`;
  try {
    return fs.readdirSync(folder).some((name) => {
      const open = fs.statSync(`${folder}/${name}`, { throwIfNoEntry: false });
      return open?.ino === stats.ino && open.dev === stats.dev;
    });
  } catch {
    return false; // gone, or not ours to see
  }
}

const AGENT_COMMANDS = new Set(['node', 'grid']);

/**
 * Whether the process is an agent of the Python version, which writes its pid but takes no kernel lock: it has the file
 * open, or was started as `slapos node …` or `slapgrid-…`. Only naming "slapos" somewhere, like an editor with slapos.cfg,
 * is not enough; and one of ours would hold the lock.
 */
function isPythonAgent(pid: number, stats: fs.Stats): boolean {
  if (pid === process.pid || !isProcessAlive(pid)) return false;
  if (hasOpen(pid, stats)) return true;
  if (readProc(pid, 'exe').endsWith('/node')) return false;
  const argv = readProc(pid, 'cmdline').split('\0');
  return argv.some((argument, index) => {
    const name = path.basename(argument);
    return (name === 'slapos' && AGENT_COMMANDS.has(argv[index + 1] ?? '')) || /^slapgrid(?:-[a-z]+)*$/.test(name);
  });
}

function lockedBy(file: string, pid: number | undefined): HostError {
  const holder = pid === undefined ? 'another process' : `the process ${String(pid)}`;
  return new HostError('HOST_LOCKED', `${JSON.stringify(file)} is held by ${holder}`, {
    hint: 'Another pass is running: wait for its end.',
    retryable: true,
  });
}

class LinuxHeldLock implements HeldLock {
  readonly path: string;
  #descriptor: number;

  constructor(file: string, descriptor: number) {
    this.path = file;
    this.#descriptor = descriptor;
  }

  async release(): Promise<void> {
    if (this.#descriptor === -1) return;
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    try {
      // Still locked: nobody can have taken this file over, but somebody may have put another in its place.
      if (isCurrent(this.path, descriptor)) fs.unlinkSync(this.path);
    } catch {
      // The next holder finds a stale file, which is as good.
    } finally {
      fs.closeSync(descriptor);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** Whether the name still stands for the file that we have open. */
function isCurrent(file: string, descriptor: number): boolean {
  const named = fs.lstatSync(file, { throwIfNoEntry: false });
  const open = fs.fstatSync(descriptor);
  return named?.ino === open.ino && named.dev === open.dev;
}

/** After a failure with the kernel's lock ours: an empty file says nothing to anybody, and would stay for ever. One with a pid stays. */
function removeEmpty(file: string, descriptor: number): void {
  try {
    if (fs.fstatSync(descriptor).size === 0 && isCurrent(file, descriptor)) fs.unlinkSync(file);
  } catch {
    // The next holder finds a stale file, which is as good.
  }
}

async function tryAcquire(file: string, logger: Logger): Promise<HeldLock | undefined> {
  // Before there is a file that nobody would remove.
  const flock = await findProgram('flock', { mustBeTrusted: process.geteuid?.() === 0, uid: process.geteuid?.() ?? 0 });
  const descriptor = openLockFile(file);
  let isOurs = false;
  let kept = false;
  try {
    if (!(await tryFlock(flock, descriptor, file))) {
      // The holder may just have given it back: then the file is another one.
      if (!isCurrent(file, descriptor)) return undefined;
      throw lockedBy(file, await awaitHolder(descriptor));
    }
    if (!isCurrent(file, descriptor)) return undefined;
    isOurs = true;
    const pid = readPid(descriptor);
    if (pid !== undefined && isPythonAgent(pid, fs.fstatSync(descriptor))) throw lockedBy(file, pid);
    if (pid !== undefined) logger.info(`Existing pid file '${file}' was stale, overwritten`, { pid });
    fs.ftruncateSync(descriptor, 0);
    fs.writeSync(descriptor, String(process.pid), 0);
    kept = true;
    return new LinuxHeldLock(file, descriptor);
  } catch (error) {
    // On a full disk the pid is the first thing that finds no place.
    throw fileError('lock', file, error);
  } finally {
    if (isOurs && !kept) removeEmpty(file, descriptor);
    if (!kept) fs.closeSync(descriptor);
  }
}

/**
 * Takes a lock: the kernel's (so that a dead holder holds nothing), on a file that has our pid in decimal without newline
 * (so that the Python agent sees us). A live Python agent named in the file holds it too. (spec: grid 3.2, security S16)
 * @throws HostError `HOST_LOCKED` with the pid; `HOST_LOCK_FAILED`; `HOST_FILE_FAILED`, such as on a full disk;
 * `HOST_COMMAND_NOT_FOUND` without util-linux' flock.
 */
export async function acquireLock(file: string, options: AcquireLockOptions = {}): Promise<HeldLock> {
  const absolute = path.resolve(file);
  checkFolder(absolute);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const lock = await tryAcquire(absolute, options.logger ?? silentLogger);
    if (lock !== undefined) return lock;
  }
  throw lockFailed(absolute, 'it keeps being replaced');
}

/** The kernel's locks. */
export class LinuxLocks implements Locks {
  readonly #options: AcquireLockOptions;

  constructor(options: AcquireLockOptions = {}) {
    this.#options = options;
  }

  acquire(file: string): Promise<HeldLock> {
    return acquireLock(file, this.#options);
  }
}
