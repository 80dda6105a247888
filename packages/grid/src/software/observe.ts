import { isSlapOSError, UntrustedDirectory } from '@slapos/host';

import { GridError } from '../errors.js';
import { completedAt } from './completed.js';
import type { ObservedRelease, ObservedSoftware, RequestedRelease } from './plan.js';
import { RELEASE_FOLDER_NAME, softwareReleaseHash } from './release-path.js';

/**
 * Opens one of the two roots.
 * @throws GridError `GRID_FOLDER_MISSING`. (spec: grid 4)
 */
export async function openRoot(path: string, key: 'software_root' | 'instance_root'): Promise<UntrustedDirectory> {
  try {
    return await UntrustedDirectory.open(path);
  } catch (error) {
    const isMissing =
      isSlapOSError(error) && (error.code === 'HOST_FILE_FAILED' || error.code === 'HOST_UNTRUSTED_ENTRY');
    if (!isMissing) throw error;
    throw new GridError('GRID_FOLDER_MISSING', `${path} does not exist.`, {
      hint: `It is ${key} of the configuration. Run slapos node format, or correct the path. (${error.message})`,
      cause: error,
    });
  }
}

async function observeRelease(root: UntrustedDirectory, name: string): Promise<ObservedRelease | undefined> {
  const stat = await root.stat(name);
  if (stat === undefined) return undefined;
  if (stat.type !== 'directory') {
    throw new GridError('GRID_TREE_IN_THE_WAY', `${root.path}/${name} is not a folder`, {
      hint: 'A Software Release is built there. Remove what is in its place.',
    });
  }
  await using folder = await root.openSubdirectory(name);
  const completedAtMs = await completedAt(folder);
  return completedAtMs === undefined
    ? { directoryExists: true, completed: false }
    : { directoryExists: true, completed: true, completedAtMs };
}

/** Reads what the software root has of the requested releases, and, for garbage collection, which other releases are there. */
export async function observeSoftware(
  softwareRoot: string,
  requested: readonly RequestedRelease[],
  options: { readonly withFolders: boolean },
): Promise<ObservedSoftware> {
  await using root = await openRoot(softwareRoot, 'software_root');
  const releases = new Map<string, ObservedRelease>();
  for (const { url } of requested) {
    const name = softwareReleaseHash(url);
    const observed = await observeRelease(root, name).catch((error: unknown) => {
      // Something is in the way of this release alone; the build of it will say so.
      if (error instanceof GridError) return undefined;
      throw error;
    });
    if (observed !== undefined) releases.set(name, observed);
  }
  const releaseFolders: string[] = [];
  for (const name of options.withFolders ? await root.list() : []) {
    if (!RELEASE_FOLDER_NAME.test(name) || (await root.stat(name))?.type !== 'directory') continue;
    await using folder = await root.openSubdirectory(name);
    if (await folder.exists('buildout.cfg')) releaseFolders.push(name);
  }
  return { releases, releaseFolders };
}
