import fs from 'node:fs';

import { type Logger, UntrustedDirectory } from '@slapos/host';
import type { Kysely } from 'kysely';

import { JsonFloat, pythonFloat, pythonJson, type JsonContent } from '../python-text.js';
import type { ProcFolder } from '../snapshot/proc-folder.js';
import { parseBootTime, parseProcessStat } from '../snapshot/proc-text.js';
import type { CollectorTables } from '../store/tables.js';
import { minuteUse, type MinuteUse, previousMinute, type ProcessUse } from './minute-use.js';

const FOLDER_MODE = 0o755;
const PUBLIC_MODE = 0o644;
/** Command lines may hold what others should not see. */
const GROUP_MODE = 0o640;
/** Instances rotate their files; one that grew beyond this was forgotten, and begins anew. */
const MAX_BYTES = 64 * 1024 * 1024;
/** The kernel cuts names of programs to this. */
const KERNEL_NAME_LENGTH = 15;
const MILLISECONDS = 1000;

/** The files that grow: their name, what they tell in the first line, and in each. */
const GROWING_FILES = [
  {
    name: 'monitor_resource_process.data.json',
    header: 'date, total process, CPU percent, CPU time, CPU threads',
    hasLine: (use: MinuteUse) => use.rows > 0,
    values: (use: MinuteUse) => [String(use.rows), ...[use.cpuPercent, use.cpuTime, use.threads].map(pythonFloat)],
  },
  {
    name: 'monitor_resource_memory.data.json',
    header: 'date, memory used percent, memory used',
    hasLine: (use: MinuteUse) => use.memory !== 0,
    values: (use: MinuteUse) => [use.memoryPercent, use.memory].map(pythonFloat),
  },
  {
    name: 'monitor_resource_io.data.json',
    header: 'date, io rw counter, io cycles counter, disk used',
    hasLine: (use: MinuteUse) => use.ioBytes !== 0,
    values: (use: MinuteUse) => [use.ioBytes, use.ioCalls, use.disk].map(pythonFloat),
  },
] as const;

/** A partition whose files are to be written. */
interface MonitoredPartition {
  readonly userName: string;
  /** Its folder. */
  readonly folder: string;
}

interface PartitionFilesContext {
  readonly tables: Kysely<CollectorTables>;
  readonly proc: ProcFolder;
  readonly logger: Logger;
  /** Milliseconds; the files are about the minute before. */
  readonly now: number;
}

/**
 * Tells an instance what it used in the last minute, in `.slapgrid/monitor`; a partition without `.slapgrid` gets nothing.
 * Nothing that the partition's user puts there is followed or written through. (spec: collect §5.4)
 * @throws HostError `HOST_UNTRUSTED_ENTRY` and the like: that partition's files are not written
 */
export async function writePartitionFiles(
  partition: MonitoredPartition,
  context: PartitionFilesContext,
): Promise<void> {
  // A machine may have fewer partitions than it may have.
  if (!fs.existsSync(partition.folder)) return;
  await using folder = await UntrustedDirectory.open(partition.folder);
  if ((await folder.stat('.slapgrid')) === undefined) return;
  await using slapgrid = await folder.openSubdirectory('.slapgrid');
  await using monitor = await slapgrid.openSubdirectory('monitor', { create: true, mode: FOLDER_MODE });
  const { gid } = await folder.statSelf();
  const { total, processes } = await minuteUse(context.tables, partition.userName, previousMinute(context.now));
  for (const file of GROWING_FILES) {
    const line = file.hasLine(total) ? [total.date, ...file.values(total)].join(', ') : undefined;
    await appendEntry(monitor, file, line, context);
  }
  const status = pythonJson(statusOf(total));
  await monitor.writeAtomic('monitor_resource.status.json', status, { mode: PUBLIC_MODE, durable: false });
  if (processes.length === 0) return;
  const list = pythonJson(processes.map((use) => processObject(use, partition.userName, context.proc)));
  await monitor.writeAtomic('monitor_process_resource.status.json', list, { mode: GROUP_MODE, gid, durable: false });
}

/** Adds an entry to a file that grows, which is made when absent; what is no such file is put aside. */
async function appendEntry(
  monitor: UntrustedDirectory,
  { name, header }: { readonly name: string; readonly header: string },
  line: string | undefined,
  { logger, now }: PartitionFilesContext,
): Promise<void> {
  const begin = `{"date": ${pythonFloat(now / MILLISECONDS)}, "data": [${pythonJson(header)}`;
  const stats = await monitor.stat(name);
  const text =
    stats?.type === 'file' && stats.size <= MAX_BYTES
      ? await monitor.readText(name, { maxBytes: MAX_BYTES })
      : undefined;
  const isSound = text?.startsWith('{"date": ') === true && text.endsWith(']}');
  if (stats !== undefined && !isSound) {
    logger.warn('A file of measurements is broken or too large: it is put aside', { path: monitor.path, name });
    await monitor.rename(name, `${name}.broken`);
  }
  if (isSound && line === undefined) return;
  const start = isSound ? text.slice(0, -']}'.length) : begin;
  await monitor.writeAtomic(name, `${start}${line === undefined ? '' : `,${pythonJson(line)}`}]}`, {
    mode: PUBLIC_MODE,
  });
}

/** The values that were just appended, in one object. */
function statusOf(use: MinuteUse): Record<string, JsonContent> {
  const [process, memory, io] = GROWING_FILES.map(({ hasLine }) => hasLine(use));
  return {
    ...(process === true && {
      total_process: use.rows,
      cpu_percent: new JsonFloat(use.cpuPercent),
      cpu_time: new JsonFloat(use.cpuTime),
      cpu_num_threads: new JsonFloat(use.threads),
      date: use.date,
    }),
    ...(memory === true && {
      memory_percent: new JsonFloat(use.memoryPercent),
      memory_rss: new JsonFloat(use.memory),
      date: use.date,
    }),
    ...(io === true && {
      io_rw_counter: new JsonFloat(use.ioBytes),
      io_cycles_counter: new JsonFloat(use.ioCalls),
      disk_used: new JsonFloat(use.disk),
      date: use.date,
    }),
  };
}

function processObject(use: ProcessUse, userName: string, proc: ProcFolder): JsonContent {
  return {
    pid: new JsonFloat(use.pid),
    cpu_percent: new JsonFloat(use.cpuPercent),
    cpu_time: new JsonFloat(use.cpuTime),
    cpu_num_threads: new JsonFloat(use.threads),
    memory_percent: new JsonFloat(use.memoryPercent),
    memory_rss: new JsonFloat(use.memory),
    io_rw_counter: new JsonFloat(use.ioBytes),
    io_cycles_counter: new JsonFloat(use.ioCalls),
    ...liveFacts(use, userName, proc),
  };
}

/** What can only be said while the process lives. A pid that another process has got by now tells nothing. */
function liveFacts({ pid, process }: ProcessUse, userName: string, proc: ProcFolder): Record<string, JsonContent> {
  const stat = parseProcessStat(proc.text(String(pid), 'stat'));
  if (stat === undefined) return {};
  const startedAt = parseBootTime(proc.text('stat')) + stat.startTicks / proc.ticksPerSecond;
  if (process !== `${String(pid)}-${pythonFloat(startedAt)}`) return {};
  const command = proc.text(String(pid), 'cmdline').split('\0');
  if (command.at(-1) === '') command.pop();
  const program = command[0]?.split('/').at(-1) ?? '';
  const isCut = stat.name.length >= KERNEL_NAME_LENGTH && program.startsWith(stat.name);
  return { name: isCut ? program : stat.name, command, user: userName, date: localTime(startedAt) };
}

/** Seconds since 1970 as `YYYY-MM-DD HH:MM:SS` of the machine's own time. */
function localTime(seconds: number): string {
  const instant = new Date(seconds * MILLISECONDS);
  const two = (value: number): string => String(value).padStart(2, '0');
  return (
    `${String(instant.getFullYear())}-${two(instant.getMonth() + 1)}-${two(instant.getDate())} ` +
    `${two(instant.getHours())}:${two(instant.getMinutes())}:${two(instant.getSeconds())}`
  );
}
