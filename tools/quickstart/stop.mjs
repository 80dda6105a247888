// Taking the quickstart away: no process and no file stay.
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';

import { SetupError } from '../setup/setup.mjs';
import { announce, runQuietly } from './commands.mjs';
import { pathsIn, readMarker } from './configuration.mjs';
import { end, findProcess, waitUntilGone } from './processes.mjs';

/** A service has 60 s to stop before the supervisor kills it. */
const SUPERVISOR_PATIENCE_MS = 90_000;
const PROXY_PATIENCE_MS = 10_000;

/**
 * Stops services, supervisor and mini-master, and removes the folder. Repeatable.
 * @param {import('./directory.mjs').Place} place
 */
export async function stop({ directory }) {
  const paths = pathsIn(directory);
  if (!existsSync(directory)) {
    console.log(`Nothing to stop: there is no ${directory}.`);
    return;
  }
  const marker = await readMarker(directory);
  if (marker === undefined) {
    throw new SetupError(
      `${directory} was not made by the quickstart (it has no quickstart.json), so it is left alone.`,
    );
  }
  await stopSupervisor(paths);
  const proxy = marker.proxyPid === undefined ? undefined : await findProcess(marker.proxyPid, paths.nodeConfiguration);
  if (proxy !== undefined) await end(proxy, PROXY_PATIENCE_MS);
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  console.log(`Stopped; ${directory} is removed.`);
}

/** @param {ReturnType<typeof pathsIn>} paths */
async function stopSupervisor(paths) {
  const pid = Number.parseInt(await readFile(paths.supervisorPid, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  const supervisor = await findProcess(pid, `${paths.instanceRoot}/etc/supervisord.conf`);
  if (supervisor === undefined) return;
  if (existsSync(paths.supervisorSocket)) {
    const args = ['node', 'supervisorctl', '--cfg', paths.nodeConfiguration, 'shutdown'];
    announce('Stop the services', args);
    await runQuietly(args, 'inherit');
  }
  if (!(await waitUntilGone(supervisor, SUPERVISOR_PATIENCE_MS))) await end(supervisor, SUPERVISOR_PATIENCE_MS);
}
