import fs from 'node:fs';
import path from 'node:path';

import type { Clock } from '../clock.js';
import type { CommandRunner } from '../commands/command.js';
import { systemErrorCode } from '../errors.js';
import { UntrustedDirectory } from '../files/untrusted-directory.js';
import type { Logger } from '../log/logger.js';
import type { UserIdentity } from './user.js';

/** Folders in which everybody may leave something. */
const SHARED_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm', '/dev/mqueue', '/run/lock', '/var/spool/cron/atjobs'] as const;
const CRONTABS = '/var/spool/cron/crontabs';
const IPC_KINDS = [
  { table: 'shm', idColumn: 'shmid', option: '--shmem-id' },
  { table: 'sem', idColumn: 'semid', option: '--semaphore-id' },
  { table: 'msg', idColumn: 'msqid', option: '--queue-id' },
] as const;
const DEFAULT_GRACE_MS = 10_000;
const KILL_ROUNDS = 20;
const POLL_INTERVAL_MS = 50;
const ENDED_STATES = new Set(['Z', 'X']);

export interface TracesContext {
  readonly commands: CommandRunner;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long processes have between SIGTERM and SIGKILL. Default 10 s. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The processes that run with the rights of a user, also only as a saved or file-system uid; zombies do not. */
export function processesOfUser(uid: number): number[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const status = readStatus(pid);
      const state = /^State:\s+(\S)/m.exec(status)?.[1] ?? 'X';
      const uids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
      return !ENDED_STATES.has(state) && uids.includes(String(uid));
    });
}

function readStatus(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${String(pid)}/status`, 'latin1');
  } catch {
    return ''; // gone
  }
}

/**
 * Ends all processes of a user: SIGTERM, then SIGKILL until none is left. The signals are sent with the user's own rights, so that a number that
 * is used again meanwhile can only be one of the user's. (spec: security S19)
 * @returns the processes that are left
 */
export async function endProcessesOfUser(user: UserIdentity, context: TracesContext): Promise<number[]> {
  const { clock, graceMs = DEFAULT_GRACE_MS, signal } = context;
  if (processesOfUser(user.uid).length === 0) return [];
  await signalAll(user, 'TERM', context);
  const deadline = clock.monotonic() + graceMs;
  while (processesOfUser(user.uid).length > 0 && clock.monotonic() < deadline)
    await clock.sleep(POLL_INTERVAL_MS, signal);
  for (let round = 0; round < KILL_ROUNDS && processesOfUser(user.uid).length > 0; round += 1) {
    await signalAll(user, 'KILL', context);
    await clock.sleep(POLL_INTERVAL_MS, signal);
  }
  return processesOfUser(user.uid);
}

async function signalAll(user: UserIdentity, name: 'TERM' | 'KILL', { commands }: TracesContext): Promise<void> {
  // The shell's own: that of procps understands -1 in another way, and is not on every machine.
  await commands.run({ file: 'sh', args: ['-c', 'kill -s "$0" -- -1', name], user });
}

/**
 * Removes what a user has left outside its own folders: crontab, at jobs, files in folders that are open to all, System V and POSIX
 * IPC. The next user of the same uid shall find nothing. (spec: security S19)
 * @returns what was removed, as a person would name it
 */
export async function removeTracesOfUser(user: UserIdentity, context: TracesContext): Promise<string[]> {
  const removed = [...(await removeSharedFiles(user, context)), ...(await removeIpcObjects(user, context))];
  const crontab = path.join(CRONTABS, user.name);
  if (removeIfPresent(crontab)) removed.push(crontab);
  return removed;
}

async function removeSharedFiles(user: UserIdentity, { logger, signal }: TracesContext): Promise<string[]> {
  const removed: string[] = [];
  for (const shared of SHARED_FOLDERS) {
    if (!fs.existsSync(shared)) continue;
    await using folder = await UntrustedDirectory.open(shared);
    for (const name of await folder.list()) {
      if ((await folder.stat(name))?.uid !== user.uid) continue;
      try {
        await folder.removeTree(name, signal === undefined ? {} : { signal });
        removed.push(path.join(shared, name));
      } catch (error) {
        logger.warn('What a user has left cannot be removed', { file: path.join(shared, name), error });
      }
    }
  }
  return removed;
}

async function removeIpcObjects(user: UserIdentity, { commands }: TracesContext): Promise<string[]> {
  const removed: string[] = [];
  for (const { table, idColumn, option } of IPC_KINDS) {
    for (const id of ipcObjectsOf(user.uid, table, idColumn)) {
      const { exitCode } = await commands.run({ file: 'ipcrm', args: [option, id] });
      if (exitCode === 0) removed.push(`System V ${table} ${id}`);
    }
  }
  return removed;
}

/** The ids in a table of `/proc/sysvipc` of the objects that a user owns or has made. */
function ipcObjectsOf(uid: number, table: string, idColumn: string): string[] {
  const file = `/proc/sysvipc/${table}`;
  if (!fs.existsSync(file)) return [];
  const [heading = [], ...rows] = fs
    .readFileSync(file, 'latin1')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
  const cell = (row: readonly string[], column: string): string | undefined => row[heading.indexOf(column)];
  return rows
    .filter((row) => cell(row, 'uid') === String(uid) || cell(row, 'cuid') === String(uid))
    .map((row) => cell(row, idColumn))
    .filter((id) => id !== undefined);
}

function removeIfPresent(file: string): boolean {
  try {
    fs.unlinkSync(file);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}
