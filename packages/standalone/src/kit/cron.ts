import { stat } from 'node:fs/promises';
import { createLinuxHost } from '@slapos/host';
import { StandaloneError } from '../errors.js';
import type { StandaloneInstance } from '../node/instance.js';

/** Five fields of time, and the command. */
const ENTRY = /^(?:[\d*,/-]+[ \t]+){2}[\dA-Za-z*,/-]+[ \t]+[\dA-Za-z*,/-]+[ \t]+[\dA-Za-z*,/-]+[ \t]+(\S.*)$/;
const DEFAULT_TIMEOUT_MS = 60_000;

/** When a cron entry is executed, and for how long. */
export interface RunCronOptions {
  /** Default 60,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The command of an instance's cron entry: of the only line of `etc/cron.d/NAME`, behind five fields of time (spec: standalone §6.4).
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` when the file holds something else
 */
export async function cronCommand(instance: StandaloneInstance, name: string): Promise<string> {
  const lines = (await instance.readFile('etc/cron.d', name))
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const [, command] = lines.length === 1 ? (ENTRY.exec(lines[0] ?? '') ?? []) : [];
  if (command !== undefined) return command;
  throw new StandaloneError(
    'STANDALONE_INVALID_OPTIONS',
    `${instance.path('etc/cron.d', name)} is not one entry of cron:\n${lines.join('\n')}`,
    { hint: 'Expected one line: minute, hour, day, month, weekday, command.' },
  );
}

/**
 * Executes an instance's cron entry at another time: as the owner of its file, with `faketime`.
 * @param date as `faketime` reads it: `2030-01-31 04:00`, `+1 day`
 * @returns what the command printed
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS`, `STANDALONE_COMMAND_FAILED` with what it printed; HostError
 *   `HOST_COMMAND_NOT_FOUND` without `faketime`
 */
export async function runCronAt(
  instance: StandaloneInstance,
  name: string,
  date: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: RunCronOptions = {},
): Promise<string> {
  const command = await cronCommand(instance, name);
  await using host = createLinuxHost();
  const { uid } = await stat(instance.path('etc/cron.d', name));
  const user = host.isRoot && uid !== 0 ? await host.users.byUid(uid) : undefined;
  const { exitCode, output } = await host.commands.run(
    {
      file: 'faketime',
      args: [date, '/bin/sh', '-c', command],
      cwd: instance.directory,
      timeoutMs,
      ...(user === undefined ? {} : { user }),
    },
    signal === undefined ? {} : { signal },
  );
  if (exitCode === 0) return output;
  throw new StandaloneError('STANDALONE_COMMAND_FAILED', `The cron entry ${name} failed at ${date}:\n${output}`);
}
