import fs from 'node:fs/promises';

import type { CommandRunner } from '../commands/command.js';
import { fileError, HostError, systemErrorCode } from '../errors.js';
import {
  checkAccountName,
  checkNewUser,
  checkUserChange,
  DEFAULT_SHELL,
  missingChange,
  unknownAccount,
} from './account-rules.js';
import type { Accounts, NewUser, UserChange } from './accounts.js';
import { LinuxUserDatabase, parseGroupLine } from './linux-user-database.js';

const SHADOW = '/etc/shadow';
const GROUP = '/etc/group';
/** The tools take a lock on the databases and wait for it themselves. */
const TIMEOUT_MS = 60_000;

/** The machine's users and groups, changed by the tools of the `passwd` package. */
export class LinuxAccounts extends LinuxUserDatabase implements Accounts {
  readonly #commands: CommandRunner;

  constructor(commands: CommandRunner) {
    super();
    this.#commands = commands;
  }

  async groupNamesOf(userName: string): Promise<string[]> {
    const text = await readDatabase(GROUP);
    const groups = text.split('\n').map(parseGroupLine);
    return groups.flatMap((group) => (group?.members.includes(userName) === true ? [group.name] : [])).sort();
  }

  async isPasswordLocked(userName: string): Promise<boolean | undefined> {
    const line = (await readDatabase(SHADOW)).split('\n').find((each) => each.startsWith(`${userName}:`));
    const password = line?.split(':')[1];
    return password === undefined ? undefined : /^[!*]/.test(password);
  }

  async createGroup(name: string): Promise<void> {
    checkAccountName(name);
    if ((await this.groupByName(name)) !== undefined) return;
    await this.#change('groupadd', [name], `create the group ${JSON.stringify(name)}`);
  }

  async createUser(user: NewUser): Promise<void> {
    checkNewUser(user);
    const { name, home, group, groups = [], shell = DEFAULT_SHELL } = user;
    if ((await this.byName(name)) !== undefined) {
      await this.modifyUser(name, { home, group, shell, joinGroups: groups });
      return;
    }
    const membership = groups.length > 0 ? ['-G', groups.join(',')] : [];
    const args = ['-d', home, '-g', group, '-s', shell, '-r', ...membership, name];
    await this.#change('useradd', args, `create the user ${JSON.stringify(name)}`);
  }

  async modifyUser(name: string, change: UserChange): Promise<void> {
    checkUserChange(name, change);
    const user = await this.byName(name);
    if (user === undefined) throw unknownAccount('user', name);
    const missing = missingChange(user, await this.groupByGid(user.gid), await this.groupNamesOf(name), change);
    if (missing === undefined) return;
    const args = [
      ...(missing.home === undefined ? [] : ['-d', missing.home]),
      ...(missing.group === undefined ? [] : ['-g', missing.group]),
      ...(missing.shell === undefined ? [] : ['-s', missing.shell]),
      ...(missing.joinGroups === undefined ? [] : ['-a', '-G', missing.joinGroups.join(',')]),
      name,
    ];
    await this.#change('usermod', args, `change the user ${JSON.stringify(name)}`);
  }

  async lockPassword(name: string): Promise<void> {
    checkAccountName(name);
    const locked = await this.isPasswordLocked(name);
    if (locked === undefined) throw unknownAccount('user', name);
    if (!locked) await this.#change('passwd', ['-l', name], `lock the password of ${JSON.stringify(name)}`);
  }

  async #change(program: string, args: readonly string[], what: string): Promise<void> {
    if (process.geteuid?.() !== 0) {
      throw new HostError('HOST_NOT_ROOT', `Only root can ${what}`, {
        hint: 'Run as root, or with alter_user = false.',
      });
    }
    const result = await this.#commands.run({ file: program, args, timeoutMs: TIMEOUT_MS });
    if (result.exitCode !== 0) {
      const said = result.output.trim() || (result.timedOut ? 'it took too long' : `status ${String(result.exitCode)}`);
      throw new HostError('HOST_USER_FAILED', `Cannot ${what}: ${said}`, {
        hint: 'usermod refuses to move the home of a user that has processes: stop them first.',
      });
    }
  }
}

async function readDatabase(file: string): Promise<string> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'EACCES') {
      throw new HostError('HOST_NOT_ROOT', `Only root can read ${JSON.stringify(file)}`, { cause: error });
    }
    throw fileError('read', file, error);
  }
}
