// Makes a fresh machine ready to build and run this workspace. Only Node's own modules: it runs before anything is installed.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureDebianPackages, SetupError } from './debian-packages.mjs';
import { explainNodeVersion } from './node-version.mjs';
import { compileSqlite, installNpmPackages } from './npm-packages.mjs';
import { runWithProgress } from './progress.mjs';
import { COMPILER_REQUIREMENTS, REQUIREMENTS, TEST_REQUIREMENTS } from './requirements.mjs';

export { SetupError } from './debian-packages.mjs';
export { CommandFailedError, runWithProgress } from './progress.mjs';

/** The folder of this workspace. (Not from `import.meta.dirname`: a Node.js too old to have it must get as far as our message.) */
export const WORKSPACE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Brings the machine from whatever it is to a built workspace: Node.js new enough, npm packages, Debian packages, build.
 * Idempotent; a machine that is ready is left as it is, and only what changed is built again.
 * @param {{ workspaceRoot?: string, forTests?: boolean }} [options] `forTests`: also what only the tests need
 * @throws {SetupError} when a person must do something first; the message says what
 */
export async function setUp({ workspaceRoot = WORKSPACE_ROOT, forTests = false } = {}) {
  const complaint = explainNodeVersion(process.versions.node);
  if (complaint !== undefined) throw new SetupError(complaint);
  const { needsCompiler } = await installNpmPackages(workspaceRoot);
  await ensureDebianPackages([
    ...REQUIREMENTS,
    ...(forTests ? TEST_REQUIREMENTS : []),
    ...(needsCompiler ? COMPILER_REQUIREMENTS : []),
  ]);
  if (needsCompiler) await compileSqlite(workspaceRoot);
  await buildWorkspace(workspaceRoot);
}

/**
 * Builds every package; Nx skips what has not changed.
 * @param {string} [workspaceRoot]
 * @throws {SetupError}
 */
export async function buildWorkspace(workspaceRoot = WORKSPACE_ROOT) {
  const nx = resolve(workspaceRoot, 'node_modules/.bin/nx');
  try {
    await runWithProgress('Building', nx, ['run-many', '-t', 'build', '--output-style=static'], { cwd: workspaceRoot });
  } catch (error) {
    throw new SetupError(`The build failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Runs a program of `tools/`: a {@link SetupError} is told in plain words and ends with code 1, anything else is a bug and keeps its stack.
 * @param {() => Promise<number | void>} main returns the exit code, or nothing for 0
 */
export async function runTool(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
