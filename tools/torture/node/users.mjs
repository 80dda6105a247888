import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Who owns what: as root, users that formatting makes, under names that nobody else has; else all is ours.
 *
 * @typedef {{ isRoot: boolean, softwareUser: string, partitionUsers: string[] }} Users
 */

/** @param {number} partitions @returns {Users} */
export function chooseUsers(partitions) {
  const isRoot = process.geteuid?.() === 0;
  const own = os.userInfo().username;
  const name = `torture${randomBytes(3).toString('hex')}`;
  return {
    isRoot,
    softwareUser: isRoot ? `${name}s` : own,
    partitionUsers: Array.from({ length: partitions }, (_, index) => (isRoot ? `${name}p${index}` : own)),
  };
}

/** @param {string} name @returns {Promise<{ uid: number, gid: number }>} */
export async function idsOf(name) {
  const id = async (/** @type {string} */ option) => Number((await run('id', [option, name])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/** Removes the users that formatting has made. @param {Users} users */
export async function removeUsers({ isRoot, softwareUser, partitionUsers }) {
  if (!isRoot) return;
  for (const name of [...partitionUsers, softwareUser]) {
    // Not made yet, or its group went with it: both are fine.
    await run('userdel', [name]).catch(() => undefined);
    await run('groupdel', [name]).catch(() => undefined);
  }
}
