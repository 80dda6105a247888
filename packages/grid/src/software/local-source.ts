import type { Host, Logger, UntrustedDirectory, UserIdentity } from '@slapos/host';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { GridError } from '../errors.js';

const PROBE_TIMEOUT_MS = 10_000;
const MAX_REVISION_LENGTH = 1000;
const PRINTABLE = /^[\x20-\x7e]+$/;
const PROFILE = 'buildout.cfg';
const PROFILE_MODE = 0o644;
const MAX_PROFILE_BYTES = 1024 * 1024;

/** The path that a Software Release's URL stands for, when it is a local one. */
export function localSourcePath(softwareReleaseUrl: string): string | undefined {
  if (path.isAbsolute(softwareReleaseUrl)) return softwareReleaseUrl;
  if (!softwareReleaseUrl.startsWith('file://')) return undefined;
  try {
    return fileURLToPath(softwareReleaseUrl);
  } catch {
    return undefined; // buildout will say what it thinks of it
  }
}

/**
 * Says at once, and in clear words, that a local profile cannot be read by whoever builds it.
 * @throws GridError `GRID_SOFTWARE_NOT_FOUND`, `GRID_LOCAL_SOFTWARE_REFUSED` (spec: security S29).
 */
export async function checkLocalSource(
  host: Pick<Host, 'commands'>,
  softwareReleaseUrl: string,
  user: UserIdentity | undefined,
  options: { readonly isAllowed: boolean },
): Promise<void> {
  const file = localSourcePath(softwareReleaseUrl);
  if (file === undefined) return;
  if (!options.isAllowed) {
    throw new GridError(
      'GRID_LOCAL_SOFTWARE_REFUSED',
      `The Software Release ${file} is a path of this machine, which root does not build`,
      {
        hint: 'Set software_allow_local = true in [slapos] on a machine for development.',
      },
    );
  }
  const asUser = user === undefined ? {} : { user };
  const test = (flag: '-e' | '-r'): ReturnType<Host['commands']['run']> =>
    host.commands.run({ file: 'test', args: [flag, file], timeoutMs: PROBE_TIMEOUT_MS, ...asUser });
  if ((await test('-r')).exitCode === 0) return;
  const exists = (await test('-e')).exitCode === 0;
  throw new GridError(
    'GRID_SOFTWARE_NOT_FOUND',
    exists
      ? `The Software Release ${file} cannot be read${user === undefined ? '' : ` by the software user ${user.name}`}`
      : `The Software Release ${file} does not exist${user === undefined ? '' : `, or the software user ${user.name} may not enter one of the folders above it`}`,
    { hint: 'Supply the path of a profile (software.cfg) that the owner of software_root can read.' },
  );
}

/** What git is told, so that a repository of somebody else runs no program of his. (spec: security S3) */
const GIT_OPTIONS = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
const GIT_ENVIRONMENT = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_OPTIONAL_LOCKS: '0' };

/** Notes in the release's `buildout.cfg` from which revision it is built, when its profile is in a checkout. (spec: grid 5.4) */
export async function noteGitRevision(
  ports: { readonly host: Pick<Host, 'commands' | 'clock'>; readonly logger: Logger },
  folder: UntrustedDirectory,
  softwareReleaseUrl: string,
  user: UserIdentity | undefined,
): Promise<void> {
  const file = localSourcePath(softwareReleaseUrl);
  if (file === undefined) return;
  const { host, logger } = ports;
  try {
    const result = await host.commands.run({
      file: 'git',
      args: [...GIT_OPTIONS, '-C', path.dirname(file), 'describe', '--all', '--long', '--dirty'],
      env: GIT_ENVIRONMENT,
      timeoutMs: PROBE_TIMEOUT_MS,
      separateStderr: true,
      ...(user === undefined ? {} : { user }),
    });
    const revision = result.output.trim();
    if (result.exitCode !== 0 || revision.length > MAX_REVISION_LENGTH || !PRINTABLE.test(revision)) {
      logger.debug('No git revision', { softwareReleaseUrl, exitCode: result.exitCode });
      return;
    }
    const text = (await folder.readText(PROFILE, { maxBytes: MAX_PROFILE_BYTES })) ?? '';
    if (text.trimEnd().split('\n').at(-1)?.includes(revision) === true) return;
    const time = new Date(host.clock.now()).toISOString().replace('T', ' ').slice(0, -'.000Z'.length);
    await folder.writeAtomic(
      PROFILE,
      `${text.endsWith('\n') ? text : `${text}\n`}# ${time} git revision: ${revision}\n`,
      {
        mode: PROFILE_MODE,
        ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      },
    );
  } catch (error) {
    // A note for people; without git, or without the right to look, the build goes on.
    logger.debug('No git revision', { softwareReleaseUrl, error });
  }
}
