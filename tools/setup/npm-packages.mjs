import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { SetupError } from './debian-packages.mjs';
import { runCaptured, runWithProgress } from './progress.mjs';

/**
 * Makes sure that `node_modules` is what the lock file says. Does nothing when it is.
 * @param {string} workspaceRoot
 * @returns {Promise<{ needsCompiler: boolean }>} whether better-sqlite3 has no ready-made binary here, so that
 *   {@link compileSqlite} must follow
 * @throws {SetupError}
 */
export async function installNpmPackages(workspaceRoot) {
  if (!isInstalled(workspaceRoot)) {
    // The install scripts come as a step of their own, so that a missing compiler does not undo the download.
    await npm('Installing npm packages', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], workspaceRoot);
    await npm('Preparing nx and esbuild', ['rebuild', 'nx', 'esbuild'], workspaceRoot);
    writeFileSync(stampFile(workspaceRoot), lockFileHash(workspaceRoot));
  }
  if (await isSqliteUsable(workspaceRoot)) return { needsCompiler: false };
  const folder = join(workspaceRoot, 'node_modules/better-sqlite3');
  const download = join(workspaceRoot, 'node_modules/.bin/prebuild-install');
  const downloaded = await runCaptured(download, [], { cwd: folder }).then(
    () => isSqliteUsable(workspaceRoot),
    () => false,
  );
  return { needsCompiler: !downloaded };
}

/**
 * Compiles better-sqlite3 for this Node.js: about a minute on a small machine. Needs python3, make and g++.
 * @param {string} workspaceRoot
 * @throws {SetupError}
 */
export async function compileSqlite(workspaceRoot) {
  await npm('Compiling better-sqlite3', ['rebuild', 'better-sqlite3'], workspaceRoot);
}

/**
 * Whether `node_modules` is as new as the lock file: by the hash that the set-up left (a checkout changes the time of a file
 * but not its text), or by the time of npm's own record (somebody ran `npm install`).
 * @param {string} workspaceRoot
 */
export function isInstalled(workspaceRoot) {
  const record = join(workspaceRoot, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const stamp = stampFile(workspaceRoot);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockFileHash(workspaceRoot)) return true;
  return statSync(record).mtimeMs >= statSync(join(workspaceRoot, 'package-lock.json')).mtimeMs;
}

/** @param {string} workspaceRoot */
function stampFile(workspaceRoot) {
  return join(workspaceRoot, 'node_modules/.slapos-setup');
}

/** @param {string} workspaceRoot */
function lockFileHash(workspaceRoot) {
  return createHash('sha256')
    .update(readFileSync(join(workspaceRoot, 'package-lock.json')))
    .digest('hex');
}

/**
 * Opening a database is what shows whether the native part is there and was compiled for this Node.js.
 * @param {string} workspaceRoot
 */
async function isSqliteUsable(workspaceRoot) {
  const open = "new (require('better-sqlite3'))(':memory:').close()";
  return runCaptured(process.execPath, ['-e', open], { cwd: workspaceRoot }).then(
    () => true,
    () => false,
  );
}

/**
 * @param {string} title
 * @param {readonly string[]} args
 * @param {string} workspaceRoot
 */
async function npm(title, args, workspaceRoot) {
  const env = { ...process.env, ...nodeHeadersFromThisMachine() };
  try {
    await runWithProgress(title, 'npm', args, { cwd: workspaceRoot, env });
  } catch (error) {
    throw new SetupError(
      `${error instanceof Error ? error.message : String(error)}\n` +
        'The lines above say why. Without a network, or behind a proxy, see "npm help config" (registry, proxy, cafile).',
    );
  }
}

/**
 * Compiling a native module takes the C headers of Node.js. Where they were installed with it, they need no download.
 * @returns {NodeJS.ProcessEnv}
 */
function nodeHeadersFromThisMachine() {
  const prefix = dirname(dirname(process.execPath));
  const versionHeader = join(prefix, 'include/node/node_version.h');
  if (process.env['npm_config_nodedir'] !== undefined || !existsSync(versionHeader)) return {};
  const text = readFileSync(versionHeader, 'utf8');
  const version = ['MAJOR', 'MINOR', 'PATCH']
    .map((part) => text.match(`#define NODE_${part}_VERSION (\\d+)`)?.[1])
    .join('.');
  return version === process.versions.node ? { npm_config_nodedir: prefix } : {};
}
