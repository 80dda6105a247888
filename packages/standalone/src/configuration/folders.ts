import { chmod, chown, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { UserDatabase } from '@slapos/host';
import { StandaloneError } from '../errors.js';
import type { StandaloneLayout } from './layout.js';
import type { ResolvedStandaloneOptions } from './options.js';

/** Others may enter, as the user of the instances has to when we are root; its files protect themselves. */
const FOLDER_MODE = 0o755;

/** A new folder with a short name, for a node that nobody needs afterwards. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'slapos-')));
  await chmod(folder, FOLDER_MODE);
  return folder;
}

/** Makes all folders of a node that are missing (spec: standalone §2). What is built belongs to the user that builds. */
export async function makeFolders(
  layout: StandaloneLayout,
  options: ResolvedStandaloneOptions,
  users: UserDatabase,
): Promise<void> {
  await makeFolder(layout.directory);
  for (const name of ['bin', 'etc', 'var', 'var/log', 'var/run']) await makeFolder(path.join(layout.directory, name));
  const user = await users.byName(options.user);
  if (user === undefined) {
    throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `There is no user ${JSON.stringify(options.user)}`, {
      hint: 'Name an existing one that builds and instances are to run as.',
    });
  }
  await makeFolder(layout.instanceRoot);
  const roots = options.instanceOnly ? [layout.sharedPartRoot] : [layout.softwareRoot, layout.sharedPartRoot];
  for (const root of roots) {
    if ((await makeFolder(root)) && os.userInfo().uid === 0) await chown(root, user.uid, user.gid);
  }
}

/** Parents must exist, as a wrong path should not make a tree. Returns whether it was made. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE });
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EEXIST') return false;
    throw new StandaloneError('STANDALONE_INVALID_OPTIONS', `Cannot make the folder ${folder}`, {
      hint: 'Its parent must exist, and we must be allowed to write there.',
      cause: error,
    });
  }
}
