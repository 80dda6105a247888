import type { Host, UntrustedDirectory, UserIdentity } from '@slapos/host';
import path from 'node:path';

const NETRC = '.netrc';
const NETRC_MODE = 0o600;
const READ_TIMEOUT_MS = 10_000;

/**
 * Gives a build the credentials that the software user keeps in his home. A source that is gone takes the copy with it.
 * The source is read *as* that user, so that a link in his home discloses nothing of root's. (spec: grid 5.4, security S13)
 */
export async function copyNetrc(
  host: Pick<Host, 'commands' | 'users'>,
  folder: UntrustedDirectory,
  ownerUid: number,
  user: UserIdentity | undefined,
): Promise<void> {
  const home = (await host.users.byUid(ownerUid))?.home;
  if (home === undefined || path.resolve(home) === path.resolve(folder.path)) return;
  const result = await host.commands.run({
    file: 'cat',
    args: ['--', path.join(home, NETRC)],
    timeoutMs: READ_TIMEOUT_MS,
    separateStderr: true,
    keepOutput: 'whole',
    ...(user === undefined ? {} : { user }),
  });
  if (result.exitCode !== 0) {
    await folder.remove(NETRC);
    return;
  }
  await folder.writeAtomic(NETRC, result.output, {
    mode: NETRC_MODE,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
}
