import { HostError } from '../errors.js';
import {
  checkAccountName,
  checkNewUser,
  checkUserChange,
  DEFAULT_SHELL,
  missingChange,
  unknownAccount,
} from './account-rules.js';
import type { Accounts, NewUser, UserChange } from './accounts.js';
import type { GroupEntry, UserEntry } from './user.js';

const FIRST_ID = 900;

export interface MemoryAccountsOptions {
  readonly users?: readonly UserEntry[];
  readonly groups?: readonly GroupEntry[];
}

/** Users and groups that exist in memory only; new ids count down from 900 like those of system users. */
export class MemoryAccounts implements Accounts {
  readonly #users = new Map<string, UserEntry>();
  readonly #groups = new Map<string, GroupEntry>();
  readonly #unlocked = new Set<string>();
  #nextId = FIRST_ID;

  constructor(options: MemoryAccountsOptions = {}) {
    for (const user of options.users ?? []) this.addUser(user);
    for (const group of options.groups ?? []) this.addGroup(group);
  }

  /** Puts a user there as it is, for a test to start from; its password works. */
  addUser(user: UserEntry): void {
    this.#users.set(user.name, user);
    this.#unlocked.add(user.name);
  }

  /** Puts a group there as it is, for a test to start from. */
  addGroup(group: GroupEntry): void {
    this.#groups.set(group.name, group);
  }

  async byUid(uid: number): Promise<UserEntry | undefined> {
    return [...this.#users.values()].find((user) => user.uid === uid);
  }

  async byName(name: string): Promise<UserEntry | undefined> {
    return this.#users.get(name);
  }

  async groupByName(name: string): Promise<GroupEntry | undefined> {
    return this.#groups.get(name);
  }

  async groupByGid(gid: number): Promise<GroupEntry | undefined> {
    return [...this.#groups.values()].find((group) => group.gid === gid);
  }

  async groupNamesOf(userName: string): Promise<string[]> {
    const groups = [...this.#groups.values()].filter((group) => group.members.includes(userName));
    return groups.map((group) => group.name).sort();
  }

  async isPasswordLocked(userName: string): Promise<boolean | undefined> {
    return this.#users.has(userName) ? !this.#unlocked.has(userName) : undefined;
  }

  async createGroup(name: string): Promise<void> {
    checkAccountName(name);
    if (!this.#groups.has(name)) this.#groups.set(name, { name, gid: this.#takeId(), members: [] });
  }

  async createUser(user: NewUser): Promise<void> {
    checkNewUser(user);
    const { name, home, group, groups = [], shell = DEFAULT_SHELL } = user;
    if (this.#users.has(name)) {
      await this.modifyUser(name, { home, group, shell, joinGroups: groups });
      return;
    }
    const { gid } = this.#group(group);
    for (const each of groups) this.#group(each);
    this.#users.set(name, { name, uid: this.#takeId(), gid, home, shell });
    this.#join(name, groups);
  }

  async modifyUser(name: string, change: UserChange): Promise<void> {
    checkUserChange(name, change);
    const user = this.#users.get(name);
    if (user === undefined) throw unknownAccount('user', name);
    const missing = missingChange(user, await this.groupByGid(user.gid), await this.groupNamesOf(name), change);
    if (missing === undefined) return;
    const gid = missing.group === undefined ? user.gid : this.#group(missing.group).gid;
    for (const group of missing.joinGroups ?? []) this.#group(group);
    this.#users.set(name, { ...user, gid, home: missing.home ?? user.home, shell: missing.shell ?? user.shell });
    this.#join(name, missing.joinGroups ?? []);
  }

  async lockPassword(name: string): Promise<void> {
    checkAccountName(name);
    if (!this.#users.has(name)) throw unknownAccount('user', name);
    this.#unlocked.delete(name);
  }

  #group(name: string): GroupEntry {
    const group = this.#groups.get(name);
    if (group === undefined) throw unknownAccount('group', name);
    return group;
  }

  #join(name: string, groups: readonly string[]): void {
    for (const groupName of groups) {
      const group = this.#group(groupName);
      if (!group.members.includes(name)) this.#groups.set(groupName, { ...group, members: [...group.members, name] });
    }
  }

  #takeId(): number {
    if (this.#nextId === 0) throw new HostError('HOST_USER_FAILED', 'There is no free id any more');
    const id = this.#nextId;
    this.#nextId -= 1;
    return id;
  }
}
