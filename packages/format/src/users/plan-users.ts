import { type AccountChange, type Accounts, DryRunAccounts, type UserEntry } from '@slapos/host';
import type { Computer } from '../computer/computer.js';
import { FormatError } from '../errors.js';

/** Below are the ids of the system's own users, which `useradd -r` makes (useradd(8), SYS_UID_MAX). */
const FIRST_UID_OF_PEOPLE = 1000;
const SHELL = '/bin/sh';

/**
 * What is missing of the computer's users and groups, in order: nothing for one whose home, group, shell, memberships and lock are right
 * (spec: format §4.1).
 * @throws FormatError `FORMAT_USER` when a user is somebody else, whose home would be moved
 */
export async function planUsers(accounts: Accounts, computer: Computer): Promise<readonly AccountChange[]> {
  const trial = new DryRunAccounts(accounts);
  await prepareUser(trial, { name: computer.softwareUser, home: computer.softwareRoot, groups: [] });
  for (const { user } of computer.partitions) {
    await prepareUser(trial, { name: user.name, home: user.path, groups: user.additionalGroups });
  }
  return trial.changes;
}

async function prepareUser(
  accounts: Accounts,
  { name, home, groups }: { readonly name: string; readonly home: string; readonly groups: readonly string[] },
): Promise<void> {
  const existing = await accounts.byName(name);
  if (existing && existing.home !== home && isSomebodyElse(existing)) {
    throw new FormatError(
      'FORMAT_USER',
      `The user ${name} exists already with the home ${existing.home}, and the computer needs one with the home ${home}`,
      {
        hint: 'It does not look like a user that formatting made (its number is that of root or of a person, or its shell is another): choose another user_base_name or software_user.',
      },
    );
  }
  await accounts.createGroup(name);
  await accounts.createUser({ name, home, group: name, groups, shell: SHELL });
  await accounts.lockPassword(name);
}

/** A user that formatting made may move with the folders; the home of any other is not ours to change. */
function isSomebodyElse({ uid, shell }: UserEntry): boolean {
  return uid === 0 || uid >= FIRST_UID_OF_PEOPLE || shell !== SHELL;
}

/** Carries out one change; one that holds already does nothing. */
export async function applyAccountChange(accounts: Accounts, change: AccountChange): Promise<void> {
  switch (change.kind) {
    case 'createGroup':
      return accounts.createGroup(change.name);
    case 'createUser':
      return accounts.createUser(change.user);
    case 'modifyUser':
      return accounts.modifyUser(change.name, change.change);
    case 'lockPassword':
      return accounts.lockPassword(change.name);
  }
}
