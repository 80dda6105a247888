import { z } from 'zod';
import type { ProcessInfo } from '../supervisor.js';

/** supervisord's structure (spec: supervisor §9.4); keys that we do not use are left out. */
const processInfoSchema = z
  .object({
    name: z.string(),
    group: z.string(),
    state: z.number(),
    statename: z.string(),
    description: z.string(),
    pid: z.number(),
    start: z.number(),
    stop: z.number(),
    exitstatus: z.number(),
    spawnerr: z.string(),
    stdout_logfile: z.string(),
    stderr_logfile: z.string(),
  })
  .transform(
    (info): ProcessInfo => ({
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
    }),
  );

/** @throws ZodError when it is not the structure of a process */
export function readProcessInfo(value: unknown): ProcessInfo {
  return processInfoSchema.parse(value);
}

export function readProcessInfoList(value: unknown): ProcessInfo[] {
  return z.array(processInfoSchema).parse(value);
}
