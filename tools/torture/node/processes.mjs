import { readdir, readFile, readlink } from 'node:fs/promises';

/** Fields of /proc/PID/stat behind the name in brackets (proc(5)). */
const STATE_FIELD = 0;
const PARENT_FIELD = 1;
const MISSING = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

/**
 * @typedef {{ pid: number, parent: number, isZombie: boolean, command: string, directory: string }} ProcessState
 *   `directory`: where it works; empty for a zombie
 */

/** @template T @param {Promise<T>} reading @param {T} absent */
async function unlessGone(reading, absent) {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && MISSING.has(String(/** @type {NodeJS.ErrnoException} */ (error).code))) return absent;
    throw error;
  }
}

/** @param {number} pid @returns {Promise<ProcessState | undefined>} */
async function readProcess(pid) {
  const stat = await unlessGone(readFile(`/proc/${pid}/stat`, 'utf8'), '');
  if (stat === '') return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const command = (await unlessGone(readFile(`/proc/${pid}/cmdline`, 'utf8'), '')).replaceAll('\0', ' ').trim();
  return {
    pid,
    parent: Number(fields[PARENT_FIELD]),
    isZombie: fields[STATE_FIELD] === 'Z',
    command: command === '' ? stat.slice(stat.indexOf('('), stat.lastIndexOf(')') + 1) : command,
    directory: await unlessGone(readlink(`/proc/${pid}/cwd`), ''),
  };
}

/** All processes of the machine that can be read. */
async function allProcesses() {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  return (await Promise.all(pids.map(readProcess))).filter((one) => one !== undefined);
}

/**
 * What has to do with a folder: it works there, or names it in its command line; and the dead that nobody has buried of those.
 *
 * @param {string} folder
 */
export async function processesOf(folder) {
  const all = await allProcesses();
  const living = all.filter(
    ({ pid, command, directory }) =>
      pid !== process.pid && (directory.startsWith(folder) || command.includes(`${folder}/`)),
  );
  const known = new Set(living.map(({ pid }) => pid));
  return [...living, ...all.filter(({ isZombie, parent }) => isZombie && known.has(parent))];
}

/** @param {number} pid @returns {Promise<string[]>} what its descriptors are; none of a process that is gone */
export async function descriptorsOf(pid) {
  const names = await unlessGone(readdir(`/proc/${pid}/fd`), []);
  const targets = await Promise.all(names.map((name) => unlessGone(readlink(`/proc/${pid}/fd/${name}`), '')));
  return targets.filter((target) => target !== '');
}

/** @param {number} pid @param {NodeJS.Signals} signal @returns {boolean} whether there was somebody to take it */
export function signalTo(pid, signal) {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH') return false;
    throw error;
  }
}

/** @param {string} file @returns {Promise<number | undefined>} the pid that it holds, if that process lives */
export async function livingPid(file) {
  const pid = Number((await unlessGone(readFile(file, 'utf8'), '')).trim());
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const found = await readProcess(pid);
  return found === undefined || found.isZombie ? undefined : pid;
}
