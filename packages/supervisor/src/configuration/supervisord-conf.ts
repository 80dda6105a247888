import { configurationValue, quoteWord } from './values.js';
import type { SupervisorPaths } from './paths.js';

/** What the watchdog is started with (spec: grid §12.2). */
export interface WatchdogOptions {
  /** What starts `slapos-watchdog`: a command line, its words quoted as for a shell where they need it. */
  readonly program: string;
  readonly masterUrl: string;
  readonly computerId: string;
  readonly certificateRepositoryPath?: string | undefined;
}

/**
 * The main configuration file (spec: supervisor §2). Sections and keys are the reference's, so that either node can run the other's
 * supervisor; without `watchdog` its command stays empty, as `node supervisord` writes it, and the next pass repairs it.
 */
export function renderSupervisordConf(
  instanceRoot: string,
  socket: string,
  paths: SupervisorPaths,
  watchdog?: WatchdogOptions,
): string {
  const value = configurationValue;
  return `[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[include]
files = ${value(paths.includeDirectory)}/*.conf

[supervisorctl]
serverurl = unix://${value(socket)}

[supervisord]
loglevel = info
logfile = ${value(paths.log)}
logfile_maxbytes = 50MB
nodaemon = false
pidfile = ${value(paths.pid)}
logfile-backups = 10

[unix_http_server]
file=${value(socket)}
chmod=0700

[eventlistener:watchdog]
command=${watchdog ? value(watchdogCommand(instanceRoot, watchdog)) : ''}
events=PROCESS_STATE_EXITED, PROCESS_STATE_FATAL
`;
}

function watchdogCommand(instanceRoot: string, watchdog: WatchdogOptions): string {
  const repository = watchdog.certificateRepositoryPath;
  return [
    watchdog.program,
    `--master-url ${quoteWord(watchdog.masterUrl)} `,
    ...(repository === undefined ? [] : [`--certificate-repository-path ${quoteWord(repository)}`]),
    `--computer-id ${quoteWord(watchdog.computerId)}`,
    `--instance-root ${quoteWord(instanceRoot)}`,
  ].join(' ');
}
