import fs from 'node:fs';

import { roundTo } from '../python-text.js';
import type { ProcFolder } from './proc-folder.js';
import {
  type NetworkTotals,
  numberOfLine,
  parseMountedDevices,
  parseNetworkTotals,
  parseProcessorCount,
  type ProcessorTicks,
} from './proc-text.js';

const KIB = 1024;
const PERCENT = 100;

/** How the machine is. (spec: collect §3.2) */
export interface SystemReading {
  /** Runnable processes, averaged over a minute. */
  readonly load: number;
  /** Of all processors. */
  readonly cpuPercent: number;
  readonly memoryUsedBytes: number;
  readonly memoryFreeBytes: number;
  readonly network: NetworkTotals;
}

/** What the machine has. (spec: collect §3.3) */
interface ComputerReading {
  readonly processors: number;
  readonly memoryBytes: number;
}

/** One device with a file system. */
interface DiskReading {
  readonly device: string;
  readonly mountPoint: string;
  readonly totalBytes: bigint;
  readonly usedBytes: bigint;
  /** What an ordinary user can still write. */
  readonly freeBytes: bigint;
}

/** The share of the time between two readings in which processors were not idle, in percent; waiting for disks counts as busy. */
export function busyPercent(before: ProcessorTicks, now: ProcessorTicks): number {
  const total = now.total - before.total;
  if (total <= 0) return 0;
  const idle = Math.min(PERCENT, Math.max(0, roundTo(((now.idle - before.idle) / total) * PERCENT, 1)));
  return roundTo(PERCENT - idle, 1);
}

export function readSystem(proc: ProcFolder, cpuPercent: number): SystemReading {
  const memory = proc.text('meminfo');
  const available = numberOfLine(memory, 'MemAvailable') * KIB;
  return {
    load: Number(proc.text('loadavg').split(' ')[0] ?? '0'),
    cpuPercent,
    memoryUsedBytes: numberOfLine(memory, 'MemTotal') * KIB - available,
    memoryFreeBytes: available,
    network: parseNetworkTotals(proc.text('net', 'dev')),
  };
}

export function readComputer(proc: ProcFolder): ComputerReading {
  return {
    processors: parseProcessorCount(proc.text('stat')),
    memoryBytes: numberOfLine(proc.text('meminfo'), 'MemTotal') * KIB,
  };
}

/** The devices that hold file systems; one that cannot be asked is told to `onProblem` and left out. */
export function readDisks(proc: ProcFolder, onProblem: (mountPoint: string, error: unknown) => void): DiskReading[] {
  return parseMountedDevices(proc.text('self', 'mounts'), proc.text('filesystems')).flatMap((mount) => {
    try {
      const { blocks, bfree, bavail, bsize } = fs.statfsSync(mount.mountPoint, { bigint: true });
      return [{ ...mount, totalBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize }];
    } catch (error) {
      onProblem(mount.mountPoint, error);
      return [];
    }
  });
}
