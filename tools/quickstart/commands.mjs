// Running `slapos`: each command is shown as a reader would type it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, relative } from 'node:path';

import { SetupError, WORKSPACE_ROOT } from '../setup/setup.mjs';

const SLAPOS = join(WORKSPACE_ROOT, 'packages/cli/bin/run.js');
const bold =
  process.stdout.isTTY && !process.env['NO_COLOR']
    ? (/** @type {string} */ text) => `\u001b[1m${text}\u001b[22m`
    : String;

/**
 * What to type for this command in the workspace's folder.
 * @param {readonly string[]} args
 */
export function commandLine(args) {
  // Only our own files: the path of a release is its identity, and another spelling names another release.
  const shown = args.map((argument, index) => (args[index - 1] === '--cfg' ? shorten(argument) : argument));
  return ['npx', 'slapos', ...shown.map(quote)].join(' ');
}

/** @param {string} argument */
function shorten(argument) {
  const path = relative(WORKSPACE_ROOT, argument);
  return argument.startsWith('/') && path !== '' && !path.startsWith('..') ? path : argument;
}

/** @param {string} argument */
function quote(argument) {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/**
 * Says what the next step is for.
 * @param {string} heading
 * @param {readonly string[]} args
 */
export function announce(heading, args) {
  console.log(`\n${bold(heading)}\n$ ${commandLine(args)}`);
}

/**
 * Shows and runs one `slapos` command, its output going where ours goes.
 * @param {string} heading what it is for
 * @param {readonly string[]} args
 * @param {{ logs: string }} options where the logs are, for the message of a failure
 * @throws {SetupError} when it fails
 */
export async function runStep(heading, args, { logs }) {
  announce(heading, args);
  const code = await runQuietly(args, 'inherit');
  if (code === 0) return;
  throw new SetupError(
    `This step failed with exit code ${code}: ${commandLine(args)}\n` +
      `What it printed above says why; logs are in ${logs}. When that is mended, the same command goes on from here: npm run quickstart\n` +
      'To stop and remove everything: npm run quickstart -- stop',
  );
}

/**
 * Runs a `slapos` command and gives its exit code.
 * @param {readonly string[]} args
 * @param {'inherit' | 'ignore'} output
 * @returns {Promise<number>}
 */
export async function runQuietly(args, output) {
  const child = spawn(process.execPath, [SLAPOS, ...args], { stdio: ['ignore', output, output], cwd: WORKSPACE_ROOT });
  const [code, signal] = await once(child, 'exit');
  return typeof code === 'number' ? code : signal === 'SIGINT' ? 130 : 1;
}

/**
 * Starts a `slapos` command that goes on when we end.
 * @param {readonly string[]} args
 * @param {number} log descriptor of the file for its output
 * @returns {Promise<import('node:child_process').ChildProcess>}
 */
export async function startInBackground(args, log) {
  const child = spawn(process.execPath, [SLAPOS, ...args], {
    stdio: ['ignore', log, log],
    cwd: WORKSPACE_ROOT,
    detached: true,
  });
  await once(child, 'spawn');
  child.unref();
  return child;
}
