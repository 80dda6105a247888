// Looking at and ending processes that are ours for sure.
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_INTERVAL_MS = 50;
/** Fields of /proc/PID/stat behind the name in brackets (proc(5)). */
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

/**
 * A process that cannot be mistaken for another that was given its pid later.
 * @typedef {{ readonly pid: number, readonly startTime: string }} Process
 */

/**
 * The process with that pid if it lives and has `argument` in its command line: a pid alone may have been given to somebody else.
 * @param {number} pid
 * @param {string} argument
 * @returns {Promise<Process | undefined>}
 */
export async function findProcess(pid, argument) {
  const startTime = await readStartTime(pid);
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const isOurs = commandLine.split('\0').some((word) => word === argument || word.endsWith(`=${argument}`));
  return startTime !== undefined && isOurs ? { pid, startTime } : undefined;
}

/**
 * Asks a process to end, and makes it when it does not.
 * @param {Process} process
 * @param {number} patienceMs before SIGKILL, and again behind it
 */
export async function end(process, patienceMs) {
  signal(process.pid, 'SIGTERM');
  if (await waitUntilGone(process, patienceMs)) return;
  signal(process.pid, 'SIGKILL');
  await waitUntilGone(process, patienceMs);
}

/**
 * @param {Process} process
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} whether it is gone
 */
export async function waitUntilGone({ pid, startTime }, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while ((await readStartTime(pid)) === startTime) {
    if (Date.now() > deadline) return false;
    await wait(LOOK_INTERVAL_MS);
  }
  return true;
}

/**
 * When a living process began; a dead one that nobody has waited for yet is listed, but not alive.
 * @param {number} pid
 * @returns {Promise<string | undefined>}
 */
async function readStartTime(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[STATE_FIELD] === 'Z' ? undefined : fields[START_TIME_FIELD];
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
