import path from 'node:path';
import type { CollectorReader, CollectOptions, PartitionUse, Period } from '@slapos/collect';
import type { Column } from '../output/render-result.js';
import { csvText } from './csv.js';
import { bytesText, percentText } from './figures.js';

const BYTES_PER_KIB = 1024;

/** What one partition used in a period. */
export interface UsageOfPartition {
  readonly partition: string;
  readonly user: string;
  readonly measurements: number;
  /** UTC, as ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** Of one processor, averaged over the measurements. */
  readonly cpuPercent: number;
  readonly cpuPercentPeak: number;
  readonly memoryBytes: number;
  readonly memoryBytesPeak: number;
  /** On average. */
  readonly processes: number;
  readonly ioBytes: number;
  /** At the last measurement of its folder. */
  readonly diskBytes: number | undefined;
}

/** What the machine as a whole did in a period; figures are averages. */
export interface UsageOfMachine {
  readonly measurements: number;
  readonly load: number | undefined;
  readonly cpuPercent: number | undefined;
  readonly memoryUsedBytes: number | undefined;
}

/** Columns of `node usage`. */
export const USAGE_COLUMNS: readonly Column<UsageOfPartition>[] = [
  { name: 'partition', value: ({ partition }) => partition },
  { name: 'cpu', value: ({ cpuPercent }) => percentText(cpuPercent) },
  { name: 'cpu-peak', value: ({ cpuPercentPeak }) => percentText(cpuPercentPeak) },
  { name: 'memory', value: ({ memoryBytes }) => bytesText(memoryBytes) },
  { name: 'memory-peak', value: ({ memoryBytesPeak }) => bytesText(memoryBytesPeak) },
  { name: 'processes', value: ({ processes }) => processes.toFixed(1) },
  { name: 'io', value: ({ ioBytes }) => bytesText(ioBytes) },
  { name: 'disk', value: ({ diskBytes }) => (diskBytes === undefined ? undefined : bytesText(diskBytes)) },
  { name: 'measurements', value: ({ measurements }) => measurements },
  { name: 'from', value: ({ firstAt }) => firstAt },
  { name: 'to', value: ({ lastAt }) => lastAt },
];

/** Fields of the CSV, in this order; bytes and percent as plain numbers. */
const CSV_FIELDS = [
  'partition',
  'user',
  'firstAt',
  'lastAt',
  'measurements',
  'cpuPercent',
  'cpuPercentPeak',
  'memoryBytes',
  'memoryBytesPeak',
  'processes',
  'ioBytes',
  'diskBytes',
] as const satisfies readonly (keyof UsageOfPartition)[];

/** Sums up what was measured. Partitions without a process in the period are left out. */
export async function readUsage(
  reader: CollectorReader,
  { users }: Pick<CollectOptions, 'users'>,
  period: Period,
  only: readonly string[],
): Promise<{ partitions: UsageOfPartition[]; machine: UsageOfMachine }> {
  const partitionOf = new Map(users.map(({ userName, folder }) => [userName, path.basename(folder)]));
  const rows = await reader.systemRows(period);
  const partitions = (await reader.usage(period))
    .map((use) => usageOf(use, partitionOf.get(use.partition) ?? use.partition))
    .filter(({ partition, user }) => only.length === 0 || only.includes(partition) || only.includes(user));
  return {
    partitions,
    machine: {
      measurements: rows.length,
      load: average(rows.map(({ loadavg }) => loadavg)),
      cpuPercent: average(rows.map(({ cpu_percent }) => cpu_percent)),
      memoryUsedBytes: average(rows.map(({ memory_used }) => memory_used)),
    },
  };
}

/** The usage as CSV with a heading. */
export function usageCsv(partitions: readonly UsageOfPartition[]): string {
  return csvText([[...CSV_FIELDS], ...partitions.map((use) => CSV_FIELDS.map((name) => use[name]))]);
}

function usageOf(use: PartitionUse, partition: string): UsageOfPartition {
  return {
    partition,
    user: use.partition,
    measurements: use.measurements,
    firstAt: isoText(use.firstAt),
    lastAt: isoText(use.lastAt),
    cpuPercent: rounded(use.cpuPercent),
    cpuPercentPeak: rounded(use.cpuPercentPeak),
    memoryBytes: Math.round(use.memoryBytes),
    memoryBytesPeak: Math.round(use.memoryBytesPeak),
    processes: rounded(use.processes),
    ioBytes: Math.round(use.ioBytes),
    diskBytes: use.diskKib === undefined ? undefined : use.diskKib * BYTES_PER_KIB,
  };
}

function isoText(at: string): string {
  return `${at.replace(' ', 'T')}Z`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function average(values: readonly (number | null)[]): number | undefined {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? undefined : rounded(known.reduce((sum, value) => sum + value, 0) / known.length);
}
