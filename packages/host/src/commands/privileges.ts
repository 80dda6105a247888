import { HostError } from '../errors.js';
import type { UserIdentity } from '../users/user.js';

/** The system accounts below belong to the machine itself (bin, mail, www-data…), never to partitions. */
export const DEFAULT_MINIMUM_UID = 100;

const MAX_ID = 2 ** 32 - 2;

/**
 * Refuses to run anything as root or as a system account, and ids that are no ids.
 * @throws HostError `HOST_REFUSED_IDENTITY`. (spec: security S18)
 */
export function checkTargetUser(user: UserIdentity, minimumUid: number): void {
  const refuse = (reason: string): never => {
    throw new HostError('HOST_REFUSED_IDENTITY', `Will not run a command as ${JSON.stringify(user.name)}: ${reason}`, {
      hint: 'Folders of software and partitions must belong to their own ordinary user and group.',
    });
  };
  for (const id of [user.uid, user.gid, ...(user.groups ?? [])]) {
    if (!Number.isInteger(id) || id < 0 || id > MAX_ID) refuse(`${String(id)} is not a user or group id`);
  }
  if (user.uid === 0) refuse('uid 0 is root');
  if (user.gid === 0 || user.groups?.includes(0) === true) refuse('gid 0 is root’s group');
  if (user.uid < minimumUid) refuse(`uid ${String(user.uid)} is below ${String(minimumUid)}, a system account`);
}

function field(status: string, name: string): string[] {
  const line = status.split('\n').find((candidate) => candidate.startsWith(`${name}:`));
  return line === undefined
    ? []
    : line
        .slice(name.length + 1)
        .trim()
        .split(/\s+/);
}

const isZero = (values: readonly string[]): boolean => values.length === 1 && /^0+$/.test(values[0] ?? '');

/**
 * Why a process with this /proc/PID/status is not safely the user; `undefined` when it is: real, effective, saved and file
 * system ids, no group of root, no capability in any set, no new privileges. (spec: security S18)
 */
export function whyNotDropped(status: string, user: UserIdentity): string | undefined {
  const all = (name: string, id: number): boolean => {
    const values = field(status, name);
    return values.length === 4 && values.every((value) => value === String(id));
  };
  if (!all('Uid', user.uid)) return `its uids are ${field(status, 'Uid').join(' ')}`;
  if (!all('Gid', user.gid)) return `its gids are ${field(status, 'Gid').join(' ')}`;
  const groups = field(status, 'Groups').filter((group) => group !== '');
  if (groups.includes('0')) return 'it is in group 0';
  if (user.groups !== undefined) {
    const wanted = new Set(user.groups.map(String));
    if (groups.length !== wanted.size || !groups.every((group) => wanted.has(group))) {
      return `its groups are ${groups.join(' ')}`;
    }
  }
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
    if (!isZero(field(status, set))) return `${set} is ${field(status, set).join(' ')}`;
  }
  if (field(status, 'NoNewPrivs')[0] !== '1') return 'it can gain privileges';
  return undefined;
}
