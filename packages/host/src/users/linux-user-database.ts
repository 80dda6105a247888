import { execFile } from 'node:child_process';

import { fileError, HostError } from '../errors.js';
import { DatabaseFile } from './database-file.js';
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

/** The entries of a database by name and by number; of several with the same the first counts, as for the C library. */
interface Entries<Entry> {
  readonly byName: ReadonlyMap<string, Entry>;
  readonly byId: ReadonlyMap<number, Entry>;
}

function parseEntries<Entry extends { readonly name: string }>(
  text: string,
  parse: (line: string) => Entry | undefined,
  idOf: (entry: Entry) => number,
): Entries<Entry> {
  const byName = new Map<string, Entry>();
  const byId = new Map<number, Entry>();
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry === undefined) continue;
    if (!byName.has(entry.name)) byName.set(entry.name, entry);
    if (!byId.has(idOf(entry))) byId.set(idOf(entry), entry);
  }
  return { byName, byId };
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
  readonly #users: DatabaseFile<Entries<UserEntry>>;
  readonly #groups: DatabaseFile<Entries<GroupEntry>>;
  readonly #useNameService: boolean;

  constructor(options: LinuxUserDatabaseOptions = {}) {
    this.#users = new DatabaseFile(options.passwdPath ?? '/etc/passwd', (text) =>
      parseEntries(text, parseUserLine, ({ uid }) => uid),
    );
    this.#groups = new DatabaseFile(options.groupPath ?? '/etc/group', (text) =>
      parseEntries(text, parseGroupLine, ({ gid }) => gid),
    );
    this.#useNameService = options.useNameService ?? true;
  }

  async byUid(uid: number): Promise<UserEntry | undefined> {
    const entry = entriesOf(this.#users).byId.get(uid);
    return entry ?? this.#fromNameService('passwd', String(uid), parseUserLine, (found) => found.uid === uid);
  }

  async byName(name: string): Promise<UserEntry | undefined> {
    if (!NAME.test(name)) return undefined;
    const entry = entriesOf(this.#users).byName.get(name);
    return entry ?? this.#fromNameService('passwd', name, parseUserLine, (found) => found.name === name);
  }

  async groupByName(name: string): Promise<GroupEntry | undefined> {
    if (!NAME.test(name)) return undefined;
    const entry = entriesOf(this.#groups).byName.get(name);
    return entry ?? this.#fromNameService('group', name, parseGroupLine, (found) => found.name === name);
  }

  async groupByGid(gid: number): Promise<GroupEntry | undefined> {
    const entry = entriesOf(this.#groups).byId.get(gid);
    return entry ?? this.#fromNameService('group', String(gid), parseGroupLine, (found) => found.gid === gid);
  }

  async #fromNameService<Entry>(
    database: 'passwd' | 'group',
    key: string,
    parse: (line: string) => Entry | undefined,
    matches: (entry: Entry) => boolean,
  ): Promise<Entry | undefined> {
    if (!this.#useNameService) return undefined;
    const line = await getent(database, key);
    const found = line === undefined ? undefined : parse(line);
    return found !== undefined && matches(found) ? found : undefined;
  }
}

function entriesOf<Entry>(file: DatabaseFile<Entries<Entry>>): Entries<Entry> {
  try {
    return file.content();
  } catch (error) {
    throw fileError('read', file.path, error);
  }
}
