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
import { DatabaseFile } from './database-file.js';
import { LinuxUserDatabase, parseGroupLine } from './linux-user-database.js';

const SHADOW = '/etc/shadow';
const GROUP = '/etc/group';
/** The tools take a lock on the databases and wait for it themselves. */
const TIMEOUT_MS = 60_000;

/** The machine's users and groups, changed by the tools of the `passwd` package. */
export class LinuxAccounts extends LinuxUserDatabase implements Accounts {
  readonly #commands: CommandRunner;
  readonly #memberships = new DatabaseFile(GROUP, parseMemberships);
  readonly #passwords = new DatabaseFile(SHADOW, parsePasswords);

  constructor(commands: CommandRunner) {
    super();
    this.#commands = commands;
  }

  async groupNamesOf(userName: string): Promise<string[]> {
    return [...(read(this.#memberships).get(userName) ?? [])];
  }

  async isPasswordLocked(userName: string): Promise<boolean | undefined> {
    const password = read(this.#passwords).get(userName);
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

/** The names of the groups that each user is a member of, sorted. */
function parseMemberships(text: string): ReadonlyMap<string, readonly string[]> {
  const memberships = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const group = parseGroupLine(line);
    for (const member of group?.members ?? []) {
      const names = memberships.get(member) ?? new Set();
      memberships.set(member, names.add(group?.name ?? ''));
    }
  }
  return new Map([...memberships].map(([member, names]) => [member, [...names].sort()]));
}

/** The second field of shadow(5) by user. */
function parsePasswords(text: string): ReadonlyMap<string, string> {
  const passwords = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name = '', password] = line.split(':');
    if (password !== undefined && !passwords.has(name)) passwords.set(name, password);
  }
  return passwords;
}

function read<Content>(file: DatabaseFile<Content>): Content {
  try {
    return file.content();
  } catch (error) {
    if (systemErrorCode(error) === 'EACCES') {
      throw new HostError('HOST_NOT_ROOT', `Only root can read ${JSON.stringify(file.path)}`, { cause: error });
    }
    throw fileError('read', file.path, error);
  }
}
