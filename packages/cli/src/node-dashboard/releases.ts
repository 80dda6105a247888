import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { PassState } from '../pass-outputs/pass-state.js';
import type { ReleaseState } from './dashboard.js';

const RELEASE_FOLDER = /^[0-9a-f]{32}$/;
const COMPLETED_FILE = '.completed';
/** The first profile that the release's own extends is the release. */
const EXTENDS = /^extends\s*=\s*(\S+)/m;

/** The Software Releases on a machine; their folders belong to the user that builds them. */
export async function readReleases(
  softwareRoot: string | undefined,
  pass: PassState | undefined,
): Promise<ReleaseState[]> {
  if (softwareRoot === undefined) return [];
  const building = new Set(pass?.pass === 'software' && pass.outcome === undefined ? pass.working : []);
  const names = (await readdir(softwareRoot).catch(() => [])).filter((name) => RELEASE_FOLDER.test(name));
  const releases = await Promise.all(
    names.map(async (name): Promise<ReleaseState> => {
      const folder = path.join(softwareRoot, name);
      const profile = await readFile(path.join(folder, 'buildout.cfg'), 'utf8').catch(() => '');
      const softwareReleaseUrl = EXTENDS.exec(profile)?.[1] ?? name;
      if (building.has(softwareReleaseUrl)) return { softwareReleaseUrl, state: 'building' };
      const isComplete = await stat(path.join(folder, COMPLETED_FILE)).then(
        () => true,
        () => false,
      );
      return { softwareReleaseUrl, state: isComplete ? 'complete' : 'incomplete' };
    }),
  );
  const known = new Set(releases.map(({ softwareReleaseUrl }) => softwareReleaseUrl));
  const begun = [...building].filter((url) => !known.has(url));
  return [...releases, ...begun.map((url): ReleaseState => ({ softwareReleaseUrl: url, state: 'building' }))].sort(
    (one, other) => (one.softwareReleaseUrl < other.softwareReleaseUrl ? -1 : 1),
  );
}
