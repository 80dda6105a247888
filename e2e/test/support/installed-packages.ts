import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rename, stat, writeFile, chmod } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { inject } from 'vitest';
import { WORKSPACE_ROOT } from './scratch-node.js';
import { waitFor } from './wait-for.js';

const INSTALL_TIMEOUT_MS = 280_000;
const SQLITE = 'node_modules/better-sqlite3/build';
/** Packages of somebody else that are packed like ours. */
const THIRD_PARTIES = ['examples/write-a-manager'];
/** vitest is an optional peer of one entry point. */
const DEV_DEPENDENCIES = { '@types/node': '^20.19.0', vitest: '4.1.12' };

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder for what test files share; `test/support/global-setup.ts` makes and removes it. */
    sharedFolder: string;
  }
}

/**
 * A folder outside of the workspace in which all packages are installed from their tarballs, as a user of them has one. Packed and installed
 * by the first test file that asks, for all of them; it may be read by everybody.
 */
export async function installedPackages(): Promise<string> {
  const shared = inject('sharedFolder');
  const folder = path.join(shared, 'installed');
  const failure = path.join(shared, 'failure');
  try {
    await mkdir(path.join(shared, 'begun'));
  } catch {
    await waitFor(
      'the packages to be installed',
      async () => (await isThere(folder)) || (await isThere(failure)),
      INSTALL_TIMEOUT_MS,
    );
    if (await isThere(failure)) throw new Error(await readFile(failure, 'utf8'));
    return folder;
  }
  try {
    const incoming = path.join(shared, 'incoming');
    await install(incoming);
    await rename(incoming, folder);
  } catch (error) {
    await writeFile(failure, `The packages could not be installed: ${String(error)}`);
    throw error;
  }
  return folder;
}

/** A folder of a test's own, from which the installed packages are found. */
export async function folderBesidePackages(name: string): Promise<string> {
  const folder = await mkdtemp(path.join(await installedPackages(), `${name}-`));
  await chmod(folder, 0o755);
  return await realpath(folder);
}

async function install(folder: string): Promise<void> {
  const tarballs = path.join(folder, 'tarballs');
  await mkdir(tarballs, { recursive: true });
  const packages = (await readdir(path.join(WORKSPACE_ROOT, 'packages'))).map((name) => path.join('packages', name));
  const pack = ['pack', '--ignore-scripts', '--pack-destination', tarballs];
  await Promise.all(
    [...packages, ...THIRD_PARTIES].map((source) => execa('npm', pack, { cwd: path.join(WORKSPACE_ROOT, source) })),
  );
  const manifest = { private: true, type: 'module', devDependencies: DEV_DEPENDENCIES };
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(manifest));
  const files = (await readdir(tarballs)).map((name) => `./tarballs/${name}`);
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await execa('npm', ['install', ...options, ...files], { cwd: folder });
  // Compiling takes a minute; what this machine has compiled is the same.
  await cp(path.join(WORKSPACE_ROOT, SQLITE), path.join(folder, SQLITE), { recursive: true });
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
