import type { ProcessInfo } from '../supervisor.js';
import { readArray, readStruct } from '../xml-rpc/read-value.js';

/** supervisord's structure (spec: supervisor §9.4), without what we do not use. */
const MEMBERS = {
  name: 'string',
  group: 'string',
  state: 'number',
  statename: 'string',
  description: 'string',
  pid: 'number',
  start: 'number',
  stop: 'number',
  exitstatus: 'number',
  spawnerr: 'string',
  stdout_logfile: 'string',
  stderr_logfile: 'string',
} as const;

/** @throws TypeError when it is not the structure of a process */
export function readProcessInfo(value: unknown, place = 'process'): ProcessInfo {
  const info = readStruct(value, MEMBERS, place);
  return {
    name: info.name,
    group: info.group,
    state: info.state,
    stateName: info.statename,
    description: info.description,
    pid: info.pid,
    startedAt: info.start,
    stoppedAt: info.stop,
    exitStatus: info.exitstatus,
    spawnError: info.spawnerr,
    stdoutLogFile: info.stdout_logfile,
    stderrLogFile: info.stderr_logfile,
  };
}

/** @throws TypeError when it is not an array of such structures */
export function readProcessInfoList(value: unknown): ProcessInfo[] {
  return readArray(value, readProcessInfo, 'processes');
}
