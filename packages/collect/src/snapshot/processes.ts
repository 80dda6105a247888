import { pythonFloat, roundTo } from '../python-text.js';
import type { ProcFolder } from './proc-folder.js';
import { numberOfLine, parseBootTime, parseProcessStat, valueOfLine } from './proc-text.js';

/** What one process uses. (spec: collect §3.1) */
export interface ProcessReading {
  readonly pid: number;
  readonly userName: string;
  /** `PID-STARTTIME`, the same as long as the process lives. */
  readonly process: string;
  /** The kernel's name for it. */
  readonly name: string;
  /** utime + stime: what the CPU share is made of. */
  readonly busyTicks: number;
  /** Ticks from the boot to the start. */
  readonly startTicks: number;
  /** Seconds, those of children that ended included. */
  readonly cpuTime: number;
  readonly threads: number;
  /** Share of the machine's memory, in percent. */
  readonly memoryPercent: number;
  readonly memoryBytes: number;
  /** Bytes read from and written to disks since the start. */
  readonly ioBytes: number;
  /** Calls that read or wrote since the start. */
  readonly ioCalls: number;
}

/** All processes at one instant. */
interface ProcessSnapshot {
  readonly bootId: string;
  readonly uptimeSeconds: number;
  readonly processes: readonly ProcessReading[];
}

const KIB = 1024;
const PERCENT = 100;
const STATUS_UID = /^Uid:\s+(\d+)/m;

/** Names of users by their number. */
export type UserNames = ReadonlyMap<number, string>;

/** Reads the processes whose real user is one of these. One that ends meanwhile is left out. */
export function readProcesses(proc: ProcFolder, users: UserNames): ProcessSnapshot {
  const uptimeSeconds = proc.uptimeSeconds();
  const bootTime = parseBootTime(proc.text('stat'));
  const memoryBytes = numberOfLine(proc.text('meminfo'), 'MemTotal') * KIB;
  const processes: ProcessReading[] = [];
  for (const pid of proc.processIds()) {
    const reading = readProcess(proc, pid, { users, bootTime, memoryBytes });
    if (reading !== undefined) processes.push(reading);
  }
  return { bootId: proc.bootId(), uptimeSeconds, processes };
}

interface MachineFacts {
  readonly users: UserNames;
  readonly bootTime: number;
  readonly memoryBytes: number;
}

function readProcess(proc: ProcFolder, pid: number, facts: MachineFacts): ProcessReading | undefined {
  const status = proc.read(String(pid), 'status');
  const userName = facts.users.get(Number(STATUS_UID.exec(status ?? '')?.[1] ?? '-1'));
  if (status === undefined || userName === undefined) return undefined;
  const stat = parseProcessStat(proc.text(String(pid), 'stat'));
  const residentPages = Number(proc.text(String(pid), 'statm').split(' ')[1] ?? '0');
  if (stat === undefined) return undefined;
  const io = proc.text(String(pid), 'io');
  const memoryBytes = residentPages * proc.pageBytes;
  const { userTicks, systemTicks, childUserTicks, childSystemTicks, blockedTicks } = stat;
  return {
    pid,
    userName,
    process: `${String(pid)}-${pythonFloat(facts.bootTime + stat.startTicks / proc.ticksPerSecond)}`,
    name: stat.name,
    busyTicks: userTicks + systemTicks,
    startTicks: stat.startTicks,
    cpuTime: (userTicks + systemTicks + childUserTicks + childSystemTicks + blockedTicks) / proc.ticksPerSecond,
    threads: Number(valueOfLine(status, 'Threads') ?? '1'),
    memoryPercent: facts.memoryBytes === 0 ? 0 : (memoryBytes / facts.memoryBytes) * PERCENT,
    memoryBytes,
    ioBytes: numberOfLine(io, 'read_bytes') + numberOfLine(io, 'write_bytes'),
    ioCalls: numberOfLine(io, 'syscr') + numberOfLine(io, 'syscw'),
  };
}

/** What an earlier reading says of each process: its busy ticks, by `PID-STARTTICKS`. */
export interface EarlierTicks {
  readonly uptimeSeconds: number;
  readonly ticks: ReadonlyMap<string, number>;
}

/** The name of a process among all since the boot. */
function processKey({ pid, startTicks }: Pick<ProcessReading, 'pid' | 'startTicks'>): string {
  return `${String(pid)}-${String(startTicks)}`;
}

export function ticksOf({ uptimeSeconds, processes }: ProcessSnapshot): EarlierTicks {
  return { uptimeSeconds, ticks: new Map(processes.map((reading) => [processKey(reading), reading.busyTicks])) };
}

/**
 * The share of one processor that a process had between two readings, in percent with one decimal; may exceed 100.
 * For one that started in between: since it started.
 */
export function processorShare(
  reading: ProcessReading,
  nowUptime: number,
  earlier: EarlierTicks,
  ticksPerSecond: number,
): number {
  const before = earlier.ticks.get(processKey(reading));
  const startedAt = reading.startTicks / ticksPerSecond;
  const seconds =
    nowUptime - (before === undefined ? Math.max(startedAt, earlier.uptimeSeconds) : earlier.uptimeSeconds);
  // Within one tick nothing can be said.
  if (seconds * ticksPerSecond < 1) return 0;
  const busySeconds = Math.max(0, reading.busyTicks - (before ?? 0)) / ticksPerSecond;
  return roundTo((busySeconds / seconds) * PERCENT, 1);
}
