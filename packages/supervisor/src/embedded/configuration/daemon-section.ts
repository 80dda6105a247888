import os from 'node:os';
import path from 'node:path';
import type { UserDatabase } from '@slapos/host';
import { ConfigurationError } from './configuration-error.js';
import { readEnvironment } from './read-values.js';
import { SectionReader } from './section-reader.js';
import type { DaemonConfiguration, LogLevel, SocketConfiguration } from './types.js';

const LEVELS: Readonly<Record<string, LogLevel>> = {
  critical: 'critical',
  crit: 'critical',
  error: 'error',
  erro: 'error',
  warn: 'warn',
  warning: 'warn',
  info: 'info',
  debug: 'debug',
  debg: 'debug',
  trace: 'trace',
  trac: 'trace',
  blather: 'blather',
  blat: 'blather',
};
const MEGABYTE = 1024 ** 2;
const DEFAULT_UMASK = 0o022;
const DEFAULT_SOCKET_MODE = 0o700;

interface Context {
  readonly here: string;
  readonly users: UserDatabase;
  readonly file: string;
}

/** The `supervisord` section with its defaults, and the socket that goes with it (spec: supervisor §9.6). */
export async function readDaemonSection(
  reader: SectionReader,
  socket: ReadonlyMap<string, string> | undefined,
  context: Context,
): Promise<DaemonConfiguration> {
  const level = LEVELS[reader.text('loglevel', 'info').toLowerCase()];
  if (!level)
    throw new ConfigurationError(
      `${reader.where('loglevel')}: bad logging level name ${JSON.stringify(reader.text('loglevel', ''))}`,
    );
  if (socket === undefined) {
    throw new ConfigurationError(
      `${context.file} has no [unix_http_server] section: nobody could control this supervisor`,
    );
  }
  await checkUser(reader, context.users);
  const directory = reader.optional('directory');
  return {
    logFile: path.resolve(context.here, reader.text('logfile', 'supervisord.log')),
    logMaxBytes: reader.bytes('logfile_maxbytes', 50 * MEGABYTE),
    logBackups: reader.integer('logfile_backups', 10),
    logLevel: level,
    pidFile: path.resolve(context.here, reader.text('pidfile', 'supervisord.pid')),
    noDaemon: reader.boolean('nodaemon', false),
    umask: reader.octal('umask') ?? DEFAULT_UMASK,
    directory: directory === undefined ? undefined : path.resolve(context.here, directory),
    identifier: reader.text('identifier', 'supervisor'),
    childLogDirectory: path.resolve(context.here, reader.text('childlogdir', os.tmpdir())),
    stripAnsi: reader.boolean('strip_ansi', false),
    environment: readEnvironment(reader.text('environment', ''), reader.where('environment')),
    socket: await readSocket(new SectionReader('unix_http_server', socket, context.here), context),
  };
}

/** The daemon keeps its user: who shall not be root starts it as somebody else. */
async function checkUser(reader: SectionReader, users: UserDatabase): Promise<void> {
  const name = reader.optional('user');
  if (name === undefined) return;
  const user = /^\d+$/.test(name) ? await users.byUid(Number(name)) : await users.byName(name);
  if (user?.uid !== process.geteuid?.()) {
    throw new ConfigurationError(
      `${reader.where('user')}: this supervisor does not change its own user to ${name}; start it as that user`,
    );
  }
}

async function readSocket(reader: SectionReader, context: Context): Promise<SocketConfiguration> {
  const chown = reader.optional('chown')?.trim();
  return {
    file: path.resolve(context.here, reader.required('file')),
    mode: reader.octal('chmod') ?? DEFAULT_SOCKET_MODE,
    owner:
      chown === undefined || chown === '' ? undefined : await readOwner(chown, reader.where('chown'), context.users),
    username: reader.optional('username'),
    password: reader.optional('password'),
  };
}

async function readOwner(text: string, where: string, users: UserDatabase): Promise<{ uid: number; gid: number }> {
  const [userName = '', groupName] = text.split(/[:.]/);
  const user = /^\d+$/.test(userName) ? await users.byUid(Number(userName)) : await users.byName(userName);
  if (!user) throw new ConfigurationError(`${where}: Invalid sockchown value ${JSON.stringify(text)}: no such user`);
  if (groupName === undefined) return { uid: user.uid, gid: user.gid };
  const group = /^\d+$/.test(groupName) ? { gid: Number(groupName) } : await users.groupByName(groupName);
  if (!group) throw new ConfigurationError(`${where}: Invalid sockchown value ${JSON.stringify(text)}: no such group`);
  return { uid: user.uid, gid: group.gid };
}
