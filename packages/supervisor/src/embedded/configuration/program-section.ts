import path from 'node:path';
import type { UserDatabase } from '@slapos/host';
import { isEventName } from '../events/event-names.js';
import { ConfigurationError } from './configuration-error.js';
import { checkConfigurationName, readEnvironment, readExitCodes, readSignal } from './read-values.js';
import type { SectionReader } from './section-reader.js';
import type { ListenerConfiguration, LogConfiguration, ProcessConfiguration } from './types.js';

const DEFAULT_PRIORITY = 999;
const DEFAULT_BUFFER_SIZE = 10;
const MEGABYTE = 1024 ** 2;
const MAX_PROCESSES = 10_000;

export interface ProgramContext {
  readonly here: string;
  readonly users: UserDatabase;
}

interface Membership {
  readonly group: string;
}

/** The processes of a `program:x` or `eventlistener:x` section: one, or `numprocs` (spec: supervisor §9.6). */
export async function readProgram(
  section: SectionReader,
  program: string,
  membership: Membership | undefined,
  context: ProgramContext,
): Promise<ProcessConfiguration[]> {
  const first = section.integer('numprocs_start', 0);
  const count = section.integer('numprocs', 1);
  if (count < 0 || count > MAX_PROCESSES)
    throw new ConfigurationError(`${section.where('numprocs')}: expected 0 to ${MAX_PROCESSES}`);
  const processes: ProcessConfiguration[] = [];
  for (let index = first; index < first + count; index += 1) {
    const reader = section.with({
      program_name: program,
      group_name: membership?.group ?? program,
      process_num: index,
      numprocs: count,
    });
    processes.push(await readProcess(reader, count, context));
  }
  return processes;
}

async function readProcess(
  reader: SectionReader,
  count: number,
  context: ProgramContext,
): Promise<ProcessConfiguration> {
  const name = checkConfigurationName(reader.text('process_name', '%(program_name)s'), reader.where('process_name'));
  if (count > 1 && !/\d/.test(reader.text('process_name', ''))) {
    throw new ConfigurationError(
      `%(process_num) must be present within process_name when numprocs > 1 in [${reader.name}]`,
    );
  }
  const stopAsGroup = reader.boolean('stopasgroup', false);
  const killAsGroup = reader.boolean('killasgroup', stopAsGroup);
  if (stopAsGroup && !killAsGroup) {
    throw new ConfigurationError(`[${reader.name}] cannot set stopasgroup=true and killasgroup=false`);
  }
  const redirectStderr = reader.boolean('redirect_stderr', false);
  if (redirectStderr && reader.name.startsWith('eventlistener:')) {
    throw new ConfigurationError(
      `[${reader.name}] cannot set redirect_stderr=true: its stdout is for answers to events`,
    );
  }
  const stopSignal = readSignal(reader.text('stopsignal', 'TERM'));
  if (!stopSignal)
    throw new ConfigurationError(`${reader.where('stopsignal')}: not a signal: ${reader.text('stopsignal', '')}`);
  const serverUrl = reader.text('serverurl', 'AUTO');
  const directory = reader.optional('directory');
  return {
    name,
    command: reader.required('command'),
    directory: directory === undefined ? undefined : path.resolve(context.here, directory),
    umask: reader.octal('umask'),
    priority: reader.integer('priority', DEFAULT_PRIORITY),
    autostart: reader.boolean('autostart', true),
    autorestart:
      reader.text('autorestart', 'unexpected').trim().toLowerCase() === 'unexpected'
        ? 'unexpected'
        : reader.boolean('autorestart', true),
    startSeconds: nonNegative(reader, 'startsecs', 1),
    startRetries: nonNegative(reader, 'startretries', 3),
    exitCodes: readExitCodes(reader.text('exitcodes', '0'), reader.where('exitcodes')),
    stopSignal,
    stopWaitSeconds: nonNegative(reader, 'stopwaitsecs', 10),
    stopAsGroup,
    killAsGroup,
    ...(await readUser(reader, context.users)),
    redirectStderr,
    stdout: readLog(reader, 'stdout', context.here),
    stderr: redirectStderr
      ? { ...readLog(reader, 'stderr', context.here), file: undefined }
      : readLog(reader, 'stderr', context.here),
    environment: readEnvironment(reader.text('environment', ''), reader.where('environment')),
    serverUrl: serverUrl.toUpperCase() === 'AUTO' ? undefined : serverUrl,
  };
}

function nonNegative(reader: SectionReader, key: string, fallback: number): number {
  const value = reader.integer(key, fallback);
  if (value < 0) throw new ConfigurationError(`${reader.where(key)}: must not be negative`);
  return value;
}

async function readUser(
  reader: SectionReader,
  users: UserDatabase,
): Promise<Pick<ProcessConfiguration, 'uid' | 'gid'>> {
  const text = reader.optional('user')?.trim();
  if (text === undefined || text === '') return { uid: undefined, gid: undefined };
  const user = /^\d+$/.test(text) ? await users.byUid(Number(text)) : await users.byName(text);
  if (!user) throw new ConfigurationError(`${reader.where('user')}: Invalid user name ${text}`);
  return { uid: user.uid, gid: user.gid };
}

function readLog(reader: SectionReader, stream: 'stdout' | 'stderr', here: string): LogConfiguration {
  if (reader.boolean(`${stream}_syslog`, false)) {
    throw new ConfigurationError(
      `${reader.where(`${stream}_syslog`)}: syslog is not offered; expected a file, NONE or AUTO`,
    );
  }
  return {
    file: readLogFile(reader, `${stream}_logfile`, here),
    maxBytes: reader.bytes(`${stream}_logfile_maxbytes`, 50 * MEGABYTE),
    backups: nonNegative(reader, `${stream}_logfile_backups`, 10),
    captureMaxBytes: reader.bytes(`${stream}_capture_maxbytes`, 0),
    eventsEnabled: reader.boolean(`${stream}_events_enabled`, false),
  };
}

function readLogFile(reader: SectionReader, key: string, here: string): string | undefined {
  const value = reader.text(key, 'AUTO');
  const word = value.toLowerCase();
  if (word === 'none' || word === 'off') return undefined;
  if (word === 'auto') return 'AUTO';
  if (word === 'syslog')
    throw new ConfigurationError(`${reader.where(key)}: syslog is not offered; expected a file, NONE or AUTO`);
  return path.resolve(here, value);
}

/** What an `eventlistener:x` section says beyond a program. */
export function readListenerConfiguration(reader: SectionReader): ListenerConfiguration {
  const events = reader
    .required('events')
    .split(',')
    .map((event) => event.trim().toUpperCase())
    .filter((event) => event !== '');
  for (const event of events) {
    if (!isEventName(event)) throw new ConfigurationError(`${reader.where('events')}: Unknown event type ${event}`);
  }
  if (reader.has('result_handler') && reader.text('result_handler', '') !== 'supervisor.dispatchers:default_handler') {
    throw new ConfigurationError(
      `${reader.where('result_handler')}: only supervisor.dispatchers:default_handler is offered`,
    );
  }
  const bufferSize = reader.integer('buffer_size', DEFAULT_BUFFER_SIZE);
  if (bufferSize < 1) throw new ConfigurationError(`${reader.where('buffer_size')}: expected at least 1`);
  return { events, bufferSize };
}
