// Looking at and ending processes that are ours for sure.
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_INTERVAL_MS = 50;

/**
 * Whether that process lives and has `argument` in its command line: a pid alone may have been given to somebody else.
 * @param {number} pid
 * @param {string} argument
 */
export async function runsWith(pid, argument) {
  try {
    const [commandLine, stat] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    // A dead process that nobody has waited for yet is still listed, as a zombie.
    return (
      !/^\d+ \(.*\) Z /s.test(stat) &&
      commandLine.split('\0').some((word) => word === argument || word.endsWith(`=${argument}`))
    );
  } catch {
    return false;
  }
}

/**
 * Asks a process to end, and makes it when it does not.
 * @param {number} pid
 * @param {string} argument what its command line must hold
 * @param {number} patienceMs before SIGKILL
 */
export async function end(pid, argument, patienceMs) {
  if (!(await runsWith(pid, argument))) return;
  signal(pid, 'SIGTERM');
  if (await waitUntilGone(pid, argument, patienceMs)) return;
  signal(pid, 'SIGKILL');
  await waitUntilGone(pid, argument, patienceMs);
}

/**
 * @param {number} pid
 * @param {string} argument
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} whether it is gone
 */
export async function waitUntilGone(pid, argument, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (await runsWith(pid, argument)) {
    if (Date.now() > deadline) return false;
    await wait(LOOK_INTERVAL_MS);
  }
  return true;
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
