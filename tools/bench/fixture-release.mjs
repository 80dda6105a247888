import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const RELEASES = fileURLToPath(new URL('../../packages/grid/test/fixtures/releases/', import.meta.url));
/** Its instances run no service: what is timed is the work on partitions. */
const NAME = 'several-types';
/** Publishes one value, and asks no master for anything. */
export const SOFTWARE_TYPE = 'single';

/**
 * Copies a release that the buildout of this machine can build without network, and fills in where it is.
 *
 * @param {string} directory
 * @returns {Promise<string>} its URL
 */
export async function copyRelease(directory) {
  for (const name of ['common', 'eggs', NAME]) {
    await cp(path.join(RELEASES, name), path.join(directory, name), { recursive: true });
    for (const file of await readdir(path.join(directory, name))) {
      if (!file.endsWith('.cfg')) continue;
      const profile = path.join(directory, name, file);
      await writeFile(profile, (await readFile(profile, 'utf8')).replaceAll('@FIXTURE_ROOT@', directory));
    }
  }
  return path.join(directory, NAME, 'software.cfg');
}
