import { UntrustedDirectory } from '@slapos/host';

import { checkLine } from '../buildout/values.js';

/** What of `[firewall]` supervisord has to run. (spec: grid 4, 10) */
export interface FirewallPrograms {
  /** Command line of firewalld; absent: it is not run. */
  readonly executable?: string;
  /** Default `/var/log/firewall.log`. */
  readonly logFile?: string;
  /** Command line of its message bus; absent: it is not run. */
  readonly dbusExecutable?: string;
  /** Default `/var/log/dbus.log`. */
  readonly dbusLogFile?: string;
}

const FILE_MODE = 0o600;
const FIREWALL_PRIORITY = 5;
const DBUS_PRIORITY = 1;

function renderProgram(name: string, command: string, priority: number, logFile: string): string {
  const value = (what: string, text: string): string => checkLine(what, text).replaceAll('%', '%%');
  const log = value('The log file of [firewall]', logFile);
  const lines = [
    'directory=/opt/slapos',
    `command=${value(`The command of ${name}`, command)}`,
    `process_name=${name}`,
    `priority=${priority}`,
    'autostart=true',
    'autorestart=true',
    'startsecs=0',
    'startretries=0',
    'exitcodes=0',
    'stopsignal=TERM',
    'stopwaitsecs=60',
    'user=0',
    'group=0',
    'serverurl=AUTO',
    'redirect_stderr=true',
    `stdout_logfile=${log}`,
    'stdout_logfile_maxbytes=100KB',
    'stdout_logfile_backups=1',
    `stderr_logfile=${log}`,
    'stderr_logfile_maxbytes=100KB',
    'stderr_logfile_backups=1',
  ];
  return `[program:${name}]\n${lines.join('\n')}\n`;
}

/** Writes or removes the two files that make supervisord run the firewall and its bus. (spec: grid 4) */
export async function writeFirewallPrograms(instanceRoot: string, programs: FirewallPrograms): Promise<void> {
  await using folder = await UntrustedDirectory.open(`${instanceRoot}/etc/supervisord.conf.d`);
  for (const [name, command, priority, logFile] of [
    ['firewall', programs.executable, FIREWALL_PRIORITY, programs.logFile ?? '/var/log/firewall.log'],
    ['dbus', programs.dbusExecutable, DBUS_PRIORITY, programs.dbusLogFile ?? '/var/log/dbus.log'],
  ] as const) {
    if (command === undefined) await folder.remove(`${name}.conf`);
    else
      await folder.writeAtomicIfDifferent(`${name}.conf`, renderProgram(name, command, priority, logFile), {
        mode: FILE_MODE,
      });
  }
}
