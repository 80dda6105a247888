import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';

import { fileError, HostError } from '../errors.js';
import type { GroupEntry, UserDatabase, UserEntry } from './user.js';

const PASSWD_FIELDS = 7;
const FIELD_HOME = 5;
const GROUP_FIELDS = 4;
const DEFAULT_SHELL = '/bin/sh';
/** getent's status for "one or more supplied keys could not be found". */
const GETENT_NOT_FOUND = 2;
const GETENT_TIMEOUT_MS = 30_000;
/** What useradd accepts, and other tools of the field. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/;

function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Reads one line of the password database; `undefined` when it is not one. (passwd(5)) */
export function parseUserLine(line: string): UserEntry | undefined {
  const fields = line.split(':');
  const [name = ''] = fields;
  const uid = parseId(fields[2]);
  const gid = parseId(fields[3]);
  if (fields.length !== PASSWD_FIELDS || name === '' || uid === undefined || gid === undefined) return undefined;
  const [home = '', shell = ''] = fields.slice(FIELD_HOME);
  return { name, uid, gid, home: home === '' ? '/' : home, shell: shell === '' ? DEFAULT_SHELL : shell };
}

/** Reads one line of the group database; `undefined` when it is not one. (group(5)) */
export function parseGroupLine(line: string): GroupEntry | undefined {
  const fields = line.split(':');
  const [name = ''] = fields;
  const gid = parseId(fields[2]);
  if (fields.length !== GROUP_FIELDS || name === '' || gid === undefined) return undefined;
  return { name, gid, members: (fields[3] ?? '').split(',').filter((member) => member !== '') };
}

class DatabaseFile<Entry> {
  readonly #path: string;
  readonly #parse: (line: string) => Entry | undefined;
  #version = '';
  #entries: readonly Entry[] = [];

  constructor(path: string, parse: (line: string) => Entry | undefined) {
    this.#path = path;
    this.#parse = parse;
  }

  /** The entries, read again whenever the file changed. */
  async entries(): Promise<readonly Entry[]> {
    try {
      const { ino, size, mtimeNs } = await fs.stat(this.#path, { bigint: true });
      const version = [ino, size, mtimeNs].join(':');
      if (version !== this.#version) {
        const text = await fs.readFile(this.#path, 'utf8');
        this.#entries = text
          .split('\n')
          .map(this.#parse)
          .filter((entry) => entry !== undefined);
        this.#version = version;
      }
      return this.#entries;
    } catch (error) {
      throw fileError('read', this.#path, error);
    }
  }
}

function getent(database: 'passwd' | 'group', key: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = { env: {}, cwd: '/', timeout: GETENT_TIMEOUT_MS };
    execFile('/usr/bin/getent', [database, key], options, (error, stdout) => {
      if (error === null) resolve(stdout.trimEnd());
      else if (error.code === GETENT_NOT_FOUND) resolve(undefined);
      else
        reject(
          new HostError('HOST_USER_FAILED', `Cannot look up ${JSON.stringify(key)} in ${database}`, { cause: error }),
        );
    });
  });
}

export interface LinuxUserDatabaseOptions {
  /** Default `/etc/passwd`. */
  readonly passwdPath?: string;
  /** Default `/etc/group`. */
  readonly groupPath?: string;
  /** Ask the name service (LDAP and the like) for what the files do not have. Default true. */
  readonly useNameService?: boolean;
}

/** The machine's users: the two files, and then the name service. */
export class LinuxUserDatabase implements UserDatabase {
  readonly #users: DatabaseFile<UserEntry>;
  readonly #groups: DatabaseFile<GroupEntry>;
  readonly #useNameService: boolean;

  constructor(options: LinuxUserDatabaseOptions = {}) {
    this.#users = new DatabaseFile(options.passwdPath ?? '/etc/passwd', parseUserLine);
    this.#groups = new DatabaseFile(options.groupPath ?? '/etc/group', parseGroupLine);
    this.#useNameService = options.useNameService ?? true;
  }

  byUid(uid: number): Promise<UserEntry | undefined> {
    return this.#findUser((entry) => entry.uid === uid, String(uid));
  }

  async byName(name: string): Promise<UserEntry | undefined> {
    return NAME.test(name) ? this.#findUser((entry) => entry.name === name, name) : undefined;
  }

  async groupByName(name: string): Promise<GroupEntry | undefined> {
    return NAME.test(name) ? this.#findGroup((entry) => entry.name === name, name) : undefined;
  }

  groupByGid(gid: number): Promise<GroupEntry | undefined> {
    return this.#findGroup((entry) => entry.gid === gid, String(gid));
  }

  async #findUser(matches: (entry: UserEntry) => boolean, key: string): Promise<UserEntry | undefined> {
    const entry = (await this.#users.entries()).find(matches);
    if (entry !== undefined || !this.#useNameService) return entry;
    const line = await getent('passwd', key);
    const found = line === undefined ? undefined : parseUserLine(line);
    return found !== undefined && matches(found) ? found : undefined;
  }

  async #findGroup(matches: (entry: GroupEntry) => boolean, key: string): Promise<GroupEntry | undefined> {
    const entry = (await this.#groups.entries()).find(matches);
    if (entry !== undefined || !this.#useNameService) return entry;
    const line = await getent('group', key);
    const found = line === undefined ? undefined : parseGroupLine(line);
    return found !== undefined && matches(found) ? found : undefined;
  }
}
