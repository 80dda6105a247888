import { HostError } from '../errors.js';
import type { NewUser, UserChange } from './accounts.js';
import type { GroupEntry, UserEntry } from './user.js';

export const DEFAULT_SHELL = '/bin/sh';

/** The names that useradd of Debian takes, without the trailing dollar of machine accounts. */
const NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
/** A colon would end the field of the password database, a control character the line. */
const HOME = /^\/[^:\p{Cc}]*$/u;

export function checkAccountName(name: string): void {
  if (!NAME.test(name)) {
    throw new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(name)} is not a name for a user or group`, {
      hint: 'At most 32 of a-z, 0-9, "_" and "-", beginning with a letter or "_".',
    });
  }
}

export function checkHome(home: string): void {
  if (!HOME.test(home)) {
    throw new HostError('HOST_INVALID_ARGUMENT', `${JSON.stringify(home)} cannot be a home`, {
      hint: 'An absolute path without colons and control characters.',
    });
  }
}

/** Refuses names and paths that a tool would understand differently. */
export function checkNewUser(user: NewUser): void {
  for (const name of [user.name, user.group, ...(user.groups ?? [])]) checkAccountName(name);
  checkHome(user.home);
  if (user.shell !== undefined) checkHome(user.shell);
}

export function checkUserChange(name: string, change: UserChange): void {
  for (const each of [name, ...(change.joinGroups ?? [])]) checkAccountName(each);
  if (change.group !== undefined) checkAccountName(change.group);
  if (change.home !== undefined) checkHome(change.home);
  if (change.shell !== undefined) checkHome(change.shell);
}

/** What of the change does not hold yet; `undefined` when all of it does. */
export function missingChange(
  user: UserEntry,
  primaryGroup: GroupEntry | undefined,
  memberOf: readonly string[],
  change: UserChange,
): UserChange | undefined {
  const joinGroups = (change.joinGroups ?? []).filter((group) => !memberOf.includes(group));
  const missing: UserChange = {
    ...(change.home !== undefined && change.home !== user.home ? { home: change.home } : {}),
    ...(change.shell !== undefined && change.shell !== user.shell ? { shell: change.shell } : {}),
    ...(change.group !== undefined && change.group !== primaryGroup?.name ? { group: change.group } : {}),
    ...(joinGroups.length > 0 ? { joinGroups } : {}),
  };
  return Object.keys(missing).length > 0 ? missing : undefined;
}

export function unknownAccount(kind: 'user' | 'group', name: string): HostError {
  return new HostError('HOST_USER_FAILED', `There is no ${kind} ${JSON.stringify(name)}`);
}
