// Requests an instance from a SlapOS master, waits until it has published its URL, and prints that.
//
//   node main.mjs MASTER_URL SOFTWARE_RELEASE_URL [NAME]
import { setTimeout as pause } from 'node:timers/promises';

import { isSlapError, SlapClient } from '@slapos/slap';

const POLL_MS = 1000;
const PATIENCE_MS = 5 * 60_000;

/**
 * The URL that the instance publishes. Asking again for the same name changes nothing, so this may be repeated at any time.
 *
 * @param {{ masterUrl: string, softwareReleaseUrl: string, partitionReference: string, parameters?: Record<string, string> }} wanted
 * @param {{ pollMs?: number, timeoutMs?: number }} [options]
 * @returns {Promise<string>}
 */
export async function requestUrl({ masterUrl, ...request }, { pollMs = POLL_MS, timeoutMs = PATIENCE_MS } = {}) {
  const client = new SlapClient({ masterUrl });
  try {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(pollMs)) {
      const instance = await client.registerOpenOrder().request(request);
      if (!instance.isReady) continue; // The master has not found a place for it yet.
      const { url } = await instance.getConnectionParameterDict();
      if (typeof url === 'string') return url;
    }
    throw new Error(`${request.partitionReference} has not published its url in time`);
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

if (process.argv[1] === import.meta.filename) {
  const [masterUrl, softwareReleaseUrl, partitionReference = 'my-instance'] = process.argv.slice(2);
  if (masterUrl === undefined || softwareReleaseUrl === undefined) {
    console.error('Usage: node main.mjs MASTER_URL SOFTWARE_RELEASE_URL [NAME]');
    process.exitCode = 2;
  } else {
    try {
      console.log(await requestUrl({ masterUrl, softwareReleaseUrl, partitionReference }));
    } catch (error) {
      // Errors of the client say what failed on what, and what can be done.
      console.error(error instanceof Error ? error.message : error);
      if (isSlapError(error) && error.hint !== undefined) console.error(error.hint);
      process.exitCode = 1;
    }
  }
}
