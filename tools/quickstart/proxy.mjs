// The mini-master in the background.
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

import { SetupError } from '../setup/setup.mjs';
import { announce, startInBackground } from './commands.mjs';
import { pathsIn, readMarker, writeConfiguration, writeMarker } from './configuration.mjs';
import { findProcess } from './processes.mjs';

const START_TIMEOUT_MS = 30_000;
const PROBE_INTERVAL_MS = 100;
const LOG_TAIL_LINES = 20;

/**
 * Makes sure that the mini-master of this folder answers; one that runs is left alone. Writes the configuration for its port.
 * @param {import('./directory.mjs').Place} place
 */
export async function ensureProxy(place) {
  const paths = pathsIn(place.directory);
  const args = ['proxy', 'start', '--cfg', paths.nodeConfiguration];
  const marker = await readMarker(place.directory);
  const running =
    marker?.proxyPid !== undefined &&
    (await findProcess(marker.proxyPid, paths.nodeConfiguration)) !== undefined &&
    (await answers(marker.port));
  if (running) {
    await writeConfiguration(place, marker.port);
    announce('2. The mini-master is running already', args);
    return;
  }
  const port = await freePort(marker?.port);
  await writeConfiguration(place, port);
  // The marker comes first, so that `stop` may remove the folder whatever happens next.
  await writeMarker(place.directory, { port, proxyPid: undefined });
  announce('2. Start the mini-master (in the background)', args);
  const log = await open(paths.proxyLog, 'a');
  try {
    const child = await startInBackground(args, log.fd);
    await writeMarker(place.directory, { port, proxyPid: child.pid });
    await waitUntilItAnswers(child, port, paths.proxyLog);
  } finally {
    await log.close();
  }
  console.log(`It listens on http://127.0.0.1:${port}/, its log is ${paths.proxyLog}`);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} port
 * @param {string} logFile
 */
async function waitUntilItAnswers(child, port, logFile) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline) {
      const tail = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
      throw new SetupError(
        `The mini-master ${ended ? 'ended' : 'does not answer'}. The last lines of ${logFile}:\n${tail}`,
      );
    }
    await wait(PROBE_INTERVAL_MS);
  }
}

/**
 * Whether a mini-master answers on that port.
 * @param {number} port
 */
async function answers(port) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/getRunId`, { signal: AbortSignal.timeout(2_000) });
    return response.ok && /^\w{32}$/.test(await response.text());
  } catch {
    return false;
  }
}

/**
 * The port of the last run if it is free, else any.
 * @param {number | undefined} preferred
 * @returns {Promise<number>}
 */
async function freePort(preferred = 0) {
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port: preferred });
    await once(server, 'listening');
  } catch (error) {
    if (preferred === 0) throw error;
    return freePort();
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new SetupError('No TCP port of 127.0.0.1 is free.');
  return address.port;
}
