import { checkAccountName, checkUserChange, missingChange, unknownAccount } from './account-rules.js';
import type { AccountChange, Accounts, NewUser, UserChange } from './accounts.js';
import { MemoryAccounts } from './memory-accounts.js';
import type { GroupEntry, UserEntry } from './user.js';

/**
 * Reads the real users and groups, records the changes instead of making them, and answers as if they had been made.
 * A change that asks for what already holds is not recorded.
 */
export class DryRunAccounts implements Accounts {
  readonly #real: Accounts;
  /** The users and groups that were changed, and all they refer to. */
  readonly #overlay = new MemoryAccounts();
  readonly #changes: AccountChange[] = [];

  constructor(real: Accounts) {
    this.#real = real;
  }

  /** What would have been changed, in order. */
  get changes(): readonly AccountChange[] {
    return this.#changes;
  }

  async byUid(uid: number): Promise<UserEntry | undefined> {
    return (await this.#overlay.byUid(uid)) ?? (await this.#real.byUid(uid));
  }

  async byName(name: string): Promise<UserEntry | undefined> {
    return (await this.#overlay.byName(name)) ?? (await this.#real.byName(name));
  }

  async groupByName(name: string): Promise<GroupEntry | undefined> {
    return (await this.#overlay.groupByName(name)) ?? (await this.#real.groupByName(name));
  }

  async groupByGid(gid: number): Promise<GroupEntry | undefined> {
    return (await this.#overlay.groupByGid(gid)) ?? (await this.#real.groupByGid(gid));
  }

  async groupNamesOf(userName: string): Promise<string[]> {
    const names = [...(await this.#real.groupNamesOf(userName)), ...(await this.#overlay.groupNamesOf(userName))];
    return [...new Set(names)].sort();
  }

  async isPasswordLocked(userName: string): Promise<boolean | undefined> {
    const locked = this.#changes.some((change) => change.kind === 'lockPassword' && change.name === userName);
    const created = this.#changes.some((change) => change.kind === 'createUser' && change.user.name === userName);
    return locked || created ? true : this.#real.isPasswordLocked(userName);
  }

  async createGroup(name: string): Promise<void> {
    checkAccountName(name);
    if ((await this.groupByName(name)) !== undefined) return;
    await this.#overlay.createGroup(name);
    this.#changes.push({ kind: 'createGroup', name });
  }

  async createUser(user: NewUser): Promise<void> {
    if ((await this.byName(user.name)) !== undefined) {
      const { home, group, shell, groups } = user;
      await this.modifyUser(user.name, {
        home,
        group,
        ...(shell === undefined ? {} : { shell }),
        ...(groups === undefined ? {} : { joinGroups: groups }),
      });
      return;
    }
    for (const group of [user.group, ...(user.groups ?? [])]) await this.#copyGroup(group);
    await this.#overlay.createUser(user);
    this.#changes.push({ kind: 'createUser', user });
  }

  async modifyUser(name: string, change: UserChange): Promise<void> {
    const user = await this.byName(name);
    if (user === undefined) throw unknownAccount('user', name);
    checkUserChange(name, change);
    // Nothing is copied for one that is as it should be: each copy makes the next search longer.
    const primaryGroup = await this.groupByGid(user.gid);
    if (missingChange(user, primaryGroup, await this.groupNamesOf(name), change) === undefined) return;
    await this.#copyUser(user);
    for (const group of [change.group, ...(change.joinGroups ?? [])]) {
      if (group !== undefined) await this.#copyGroup(group);
    }
    await this.#overlay.modifyUser(name, change);
    this.#changes.push({ kind: 'modifyUser', name, change });
  }

  async lockPassword(name: string): Promise<void> {
    checkAccountName(name);
    const locked = await this.isPasswordLocked(name);
    if (locked === undefined) throw unknownAccount('user', name);
    if (!locked) this.#changes.push({ kind: 'lockPassword', name });
  }

  async #copyUser(user: UserEntry): Promise<void> {
    if ((await this.#overlay.byName(user.name)) !== undefined) return;
    const primary = await this.groupByGid(user.gid);
    if (primary !== undefined) await this.#copyGroup(primary.name);
    for (const group of await this.#real.groupNamesOf(user.name)) await this.#copyGroup(group);
    this.#overlay.addUser(user);
  }

  async #copyGroup(name: string): Promise<void> {
    if ((await this.#overlay.groupByName(name)) !== undefined) return;
    const group = await this.#real.groupByName(name);
    if (group !== undefined) this.#overlay.addGroup(group);
  }
}
