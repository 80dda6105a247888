import path from 'node:path';
import { UntrustedDirectory, writeFileIfDifferent } from '@slapos/host';
import { socketPath, supervisorPaths } from './paths.js';
import { renderSupervisordConf, type WatchdogOptions } from './supervisord-conf.js';

const PRIVATE = 0o700;
const PUBLIC = 0o755;
const CONFIGURATION_MODE = 0o600;

/** The folders that a node keeps below its instance root, in the order in which they are made (spec: grid §4). */
const FOLDERS: readonly (readonly [string, number])[] = [
  ['var', PUBLIC],
  ['etc', PRIVATE],
  ['var/log', PRIVATE],
  ['var/run', PRIVATE],
  ['var/lib', PUBLIC],
  ['var/lib/service-logs', PUBLIC],
  ['etc/supervisord.conf.d', PRIVATE],
];

export interface SupervisorEnvironmentOptions {
  /** Absolute; exists. */
  readonly instanceRoot: string;
  /** Absent: the watchdog gets an empty command, which cannot start (spec: supervisor §2). */
  readonly watchdog?: WatchdogOptions | undefined;
}

/**
 * Makes the node's folders, corrects their modes, and writes `etc/supervisord.conf` when it differs. Idempotent.
 * @returns whether the file was written
 * @throws SupervisorError `SUPERVISOR_SOCKET_PATH_TOO_LONG`; HostError
 */
export async function writeSupervisorEnvironment(options: SupervisorEnvironmentOptions): Promise<boolean> {
  const { instanceRoot, watchdog } = options;
  const socket = await socketPath(instanceRoot);
  for (const [name, mode] of FOLDERS) await makeFolder(path.join(instanceRoot, name), mode);
  const paths = supervisorPaths(instanceRoot);
  return writeFileIfDifferent(paths.configuration, renderSupervisordConf(instanceRoot, socket, paths, watchdog), {
    mode: CONFIGURATION_MODE,
  });
}

async function makeFolder(folder: string, mode: number): Promise<void> {
  await using parent = await UntrustedDirectory.open(path.dirname(folder));
  await using directory = await parent.openSubdirectory(path.basename(folder), { create: true, mode });
  await directory.setOwnAttributes({ mode });
}
