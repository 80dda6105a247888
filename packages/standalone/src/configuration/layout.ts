import path from 'node:path';
import { supervisorPaths } from '@slapos/supervisor';
import { PathTooDeepError } from '../errors.js';

/** `sun_path` of Linux without the NUL behind it. */
const MAX_SOCKET_PATH_BYTES = 107;
/** supervisord first binds SOCKET.PID, and then links that name to the final one. */
const LONGEST_TEMPORARY_SUFFIX = '.4194304';

/** The names of the passes, as they stand in the names of files. */
export const PASS_NAMES = ['software', 'instance', 'report'] as const;
export type PassName = (typeof PASS_NAMES)[number];

/** Where everything of a standalone node lies (spec: standalone §2). All paths are absolute. */
export interface StandaloneLayout {
  readonly directory: string;
  readonly softwareRoot: string;
  readonly instanceRoot: string;
  readonly sharedPartRoot: string;
  readonly slaposProgram: string;
  readonly configuration: string;
  readonly definition: string;
  readonly computerXml: string;
  readonly database: string;
  readonly logDirectory: string;
  readonly lock: string;
  /** Configuration, socket and process id of a supervisord that runs the node as the Python program does. */
  readonly systemSupervisor: string;
  readonly systemSocket: string;
  readonly systemPidFile: string;
  readonly automaticProgram: string;
  readonly proxyLog: string;
  log(pass: PassName): string;
  pidFile(pass: PassName): string;
}

/** The layout below a folder; the three roots may lie elsewhere. */
export function standaloneLayout(
  directory: string,
  roots: {
    readonly softwareRoot?: string | undefined;
    readonly instanceRoot?: string | undefined;
    readonly sharedPartRoot?: string | undefined;
  } = {},
): StandaloneLayout {
  const at = (...names: string[]): string => path.join(directory, ...names);
  return {
    directory,
    softwareRoot: roots.softwareRoot ?? at('soft'),
    instanceRoot: roots.instanceRoot ?? at('inst'),
    sharedPartRoot: roots.sharedPartRoot ?? at('shared'),
    slaposProgram: at('bin/slapos'),
    configuration: at('etc/slapos.cfg'),
    definition: at('etc/slapformat-definition.cfg'),
    computerXml: at('etc/slapos.xml'),
    database: at('var/proxy.db'),
    logDirectory: at('var/log'),
    lock: at('var/run/standalone.pid'),
    systemSupervisor: at('etc/supervisord.conf'),
    systemSocket: at('var/run/sv.sock'),
    systemPidFile: at('var/run/supervisord.pid'),
    automaticProgram: at('bin/slapos-node-auto'),
    proxyLog: at('var/log/slapos-proxy.log'),
    log: (pass) => at(`var/log/slapos-node-${pass}.log`),
    pidFile: (pass) => at(`var/run/slapos-node-${pass}.pid`),
  };
}

/**
 * Refuses a folder whose sockets Linux could not bind: that of the instances' supervisor, and that of a system supervisor, so that the
 * Python program can open the folder too (spec: standalone §5).
 * @throws PathTooDeepError
 */
export function checkDepth({ directory, instanceRoot, systemSocket }: StandaloneLayout): void {
  for (const socket of [supervisorPaths(instanceRoot).socket, systemSocket]) {
    const length = Buffer.byteLength(socket + LONGEST_TEMPORARY_SUFFIX);
    if (length > MAX_SOCKET_PATH_BYTES) {
      throw new PathTooDeepError(directory, `${socket}.PID`, length, MAX_SOCKET_PATH_BYTES);
    }
  }
}
