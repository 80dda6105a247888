// The eight steps, from a fresh clone to a page.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';

import { installExample } from '../examples/install.mjs';
import { SetupError, WORKSPACE_ROOT, setUp } from '../setup/setup.mjs';
import { announce, commandLine, runStep } from './commands.mjs';
import { COMPUTER_ID, INSTANCE_NAME, pathsIn } from './configuration.mjs';
import { checkWritable } from './directory.mjs';
import { ensureProxy } from './proxy.mjs';

const PAGE_LINES = 5;

/**
 * Sets up, builds and runs the hello-web example. Repeatable: what is done already is left alone.
 * @param {import('./directory.mjs').Place} place
 * @throws {SetupError}
 */
export async function start(place) {
  // What is made here must be readable for the user of the software, whatever the umask of the one who types.
  process.umask(0o022);
  await checkWritable(place.directory);
  console.log('1. Install what is missing, and build');
  await setUp();

  const paths = pathsIn(place.directory);
  const node = ['--cfg', paths.nodeConfiguration];
  const client = ['--cfg', paths.clientConfiguration];
  await ensureProxy(place);
  const release = await installExample('hello-web', paths.releases);
  const step = (/** @type {string} */ heading, /** @type {string[]} */ args) =>
    runStep(heading, args, { logs: paths.logs });
  await step('3. Make three partitions, and tell the master', ['node', 'format', '--now', ...node]);
  await step('4. Supply the Software Release to this node', ['supply', release, COMPUTER_ID, ...client]);
  await step('5. Build what is supplied', ['node', 'software', ...node]);
  await step('6. Request an instance', ['request', INSTANCE_NAME, release, ...client]);
  await step('7. Deploy it, start its service, check its promise', ['node', 'instance', ...node]);
  await showInstance([...client]);
  console.log(`
What next?
  ${commandLine(['node', 'status', ...node])}
  ${commandLine(['service', 'list', ...client])}
  ${commandLine(['request', INSTANCE_NAME, release, '--parameters', 'greeting=Bonjour', ...client])}
  ${commandLine(['node', 'instance', ...node])}      deploys what you changed
  npm run quickstart -- stop      stops and removes all of it`);
}

/** @param {string[]} client */
async function showInstance(client) {
  const args = ['service', 'info', INSTANCE_NAME, ...client];
  announce('8. Look at the instance', args);
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(WORKSPACE_ROOT, 'packages/cli/bin/run.js'),
    ...args,
  ]);
  process.stdout.write(stdout);
  const url = publishedUrl(stdout);
  console.log(`\n$ curl ${url}`);
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const page = (await response.text()).trimEnd().split('\n');
  console.log(page.slice(0, PAGE_LINES).join('\n'));
}

/**
 * @param {string} information what `slapos service info` prints
 * @returns {string}
 */
function publishedUrl(information) {
  /** @type {{ 'connection-parameters'?: { url?: unknown } }} */
  const parsed = JSON.parse(information);
  const url = parsed['connection-parameters']?.url;
  if (typeof url !== 'string') {
    throw new SetupError(
      `The instance has not published its url. Look at its log: ${commandLine(['node', 'tail', 'slappart0:hello-server-on-watch'])}`,
    );
  }
  return url;
}
