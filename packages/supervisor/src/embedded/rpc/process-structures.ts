import os from 'node:os';
import type { GroupConfiguration, LogConfiguration, ProcessConfiguration } from '../configuration/types.js';
import { describeProcess } from '../process/describe.js';
import type { SupervisedProcess } from '../process/supervised-process.js';
import type { RpcStruct } from '../../xml-rpc/values.js';

/** What `getProcessInfo` answers (spec: supervisor §9.4). */
export function processStructure(process: SupervisedProcess): RpcStruct {
  const now = Math.floor(Date.now() / 1000);
  return {
    name: process.name,
    group: process.group,
    start: process.startedAt,
    stop: process.stoppedAt,
    now,
    state: process.state,
    statename: process.stateName,
    spawnerr: process.spawnError,
    exitstatus: process.exitStatus,
    logfile: process.stdout.file ?? '',
    stdout_logfile: process.stdout.file ?? '',
    stderr_logfile: process.stderr.file ?? '',
    pid: process.pid,
    description: describeProcess(process, now),
  };
}

/** An entry of `getAllConfigInfo` (spec: supervisor §9.3). */
export function configurationStructure(
  group: GroupConfiguration,
  process: ProcessConfiguration,
  inUse: boolean,
): RpcStruct {
  return {
    autostart: process.autostart,
    autorestart: process.autorestart === 'unexpected' ? 'auto' : process.autorestart,
    directory: process.directory ?? 'none',
    uid: process.uid ?? 'none',
    command: process.command,
    exitcodes: [...process.exitCodes],
    group: group.name,
    group_prio: group.priority,
    inuse: inUse,
    killasgroup: process.killAsGroup,
    name: process.name,
    process_prio: process.priority,
    redirect_stderr: process.redirectStderr,
    startretries: process.startRetries,
    startsecs: process.startSeconds,
    ...logStructure('stdout', process.stdout),
    stopsignal: os.constants.signals[process.stopSignal],
    stopwaitsecs: process.stopWaitSeconds,
    ...logStructure('stderr', process.stderr),
    serverurl: process.serverUrl ?? 'none',
  };
}

function logStructure(stream: 'stdout' | 'stderr', log: LogConfiguration): RpcStruct {
  return {
    [`${stream}_capture_maxbytes`]: log.captureMaxBytes,
    [`${stream}_events_enabled`]: log.eventsEnabled,
    [`${stream}_logfile`]: log.file === 'AUTO' ? 'auto' : (log.file ?? 'none'),
    [`${stream}_logfile_backups`]: log.backups,
    [`${stream}_logfile_maxbytes`]: log.maxBytes,
    [`${stream}_syslog`]: false,
  };
}
