import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { SupervisorError } from '../errors.js';

/** `sun_path` of Linux without the NUL behind it. */
const MAX_SOCKET_PATH_BYTES = 107;
/** supervisord first binds SOCKET.PID, and then links that name to the final one. */
const LONGEST_TEMPORARY_SUFFIX = '.4194304';

/** The files of a supervisor below an instance root (spec: supervisor §1). */
export interface SupervisorPaths {
  readonly configuration: string;
  readonly includeDirectory: string;
  readonly socket: string;
  readonly legacySocket: string;
  readonly log: string;
  readonly pid: string;
  /** Where the logs of services are kept while root runs them: `var/lib/service-logs`. */
  readonly serviceLogs: string;
}

export function supervisorPaths(instanceRoot: string): SupervisorPaths {
  return {
    configuration: path.join(instanceRoot, 'etc/supervisord.conf'),
    includeDirectory: path.join(instanceRoot, 'etc/supervisord.conf.d'),
    socket: path.join(instanceRoot, 'sv.sock'),
    legacySocket: path.join(instanceRoot, 'supervisord.socket'),
    log: path.join(instanceRoot, 'var/log/supervisord.log'),
    pid: path.join(instanceRoot, 'var/run/supervisord.pid'),
    serviceLogs: path.join(instanceRoot, 'var/lib/service-logs'),
  };
}

/**
 * The control socket: that of old nodes where it exists, else `sv.sock` (spec: supervisor §1).
 * @throws SupervisorError `SUPERVISOR_SOCKET_PATH_TOO_LONG`
 */
export async function socketPath(instanceRoot: string): Promise<string> {
  const { socket, legacySocket } = supervisorPaths(instanceRoot);
  if (await exists(legacySocket)) return legacySocket;
  const excess = Buffer.byteLength(socket + LONGEST_TEMPORARY_SUFFIX) - MAX_SOCKET_PATH_BYTES;
  if (excess > 0) {
    throw new SupervisorError(
      'SUPERVISOR_SOCKET_PATH_TOO_LONG',
      `The path of the supervisor's socket is ${String(excess)} bytes too long: ${socket} (bound as ${socket}.PID), and Linux allows ${String(MAX_SOCKET_PATH_BYTES)} bytes`,
      { hint: 'Set instance_root to a shorter path.' },
    );
  }
  return socket;
}

/** Whether `sv.sock` is there and readable while the legacy socket is in use: then two supervisors run. */
export async function strayFromLegacySocket(instanceRoot: string): Promise<string | undefined> {
  const { socket, legacySocket } = supervisorPaths(instanceRoot);
  if (!(await exists(legacySocket))) return undefined;
  return access(socket, constants.R_OK).then(
    () => socket,
    () => undefined,
  );
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
