import type { Host, UserIdentity } from '@slapos/host';

import { GridError } from '../errors.js';

/**
 * Who works in a folder: its owner, with the folder's group. `undefined` when we are not root: then everything is done by ourselves.
 * (spec: grid 15.2, security S18)
 * @throws GridError `GRID_REFUSED_OWNER` when root would have to run programs as root, or as a user that does not exist.
 */
export async function folderUser(
  host: Pick<Host, 'isRoot' | 'users'>,
  folder: { readonly path: string; readonly uid: number; readonly gid: number },
): Promise<UserIdentity | undefined> {
  if (!host.isRoot) return undefined;
  const { uid, gid } = folder;
  if (uid === 0 || gid === 0) {
    throw new GridError(
      'GRID_REFUSED_OWNER',
      `${JSON.stringify(folder.path)} belongs to ${uid === 0 ? 'root' : "root's group"}, and nothing is run as root there`,
      { hint: `Give it to an ordinary user: chown USER:GROUP ${folder.path} (slapos node format does it).` },
    );
  }
  const user = await host.users.byUid(uid);
  if (user === undefined) {
    throw new GridError(
      'GRID_REFUSED_OWNER',
      `${JSON.stringify(folder.path)} belongs to uid ${uid}, which is no user of this machine`,
      {
        hint: 'Run slapos node format, or make the user.',
      },
    );
  }
  return { uid, gid, name: user.name, home: user.home };
}
