import type { LivePartition, LiveUse } from '@slapos/collect';
import { type OutputFlagValues, outputFormat } from '../output/output-flags.js';
import { type Column, renderList } from '../output/render-result.js';
import { bytesText, percentText } from './figures.js';

/** By what the partitions are sorted: the greatest first, names from A. */
export const SORT_KEYS = ['cpu', 'memory', 'io', 'name'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Columns of `node top`. */
const TOP_COLUMNS: readonly Column<LivePartition>[] = [
  { name: 'partition', value: ({ partitionId }) => partitionId },
  { name: 'user', value: ({ userName }) => userName },
  { name: 'processes', value: ({ processes }) => processes },
  { name: 'threads', value: ({ threads }) => threads },
  { name: 'cpu', value: ({ cpuPercent }) => percentText(cpuPercent) },
  { name: 'memory', value: ({ memoryBytes }) => bytesText(memoryBytes) },
  { name: 'memory-share', value: ({ memoryPercent }) => percentText(memoryPercent) },
  { name: 'io', value: ({ ioBytesPerSecond }) => `${bytesText(ioBytesPerSecond)}/s` },
];

/** Which partitions are shown, and how. */
export interface TopView {
  /** Names of partitions; empty: all that have processes. */
  readonly only: readonly string[];
  readonly sort: SortKey;
}

/** The machine in a line, and a table of its partitions; or a document of both. */
export async function renderTop(use: LiveUse, view: TopView, flags: OutputFlagValues): Promise<string> {
  const shown = outputFormat(flags) === 'text' ? ({ ...flags, output: 'table' } as const) : flags;
  const list = await renderList(
    {
      kind: 'NodeTop',
      items: chosenPartitions(use.partitions, view),
      columns: TOP_COLUMNS,
      text: () => '',
      about: { machine: use.system },
    },
    shown,
  );
  return outputFormat(shown) === 'table' && flags['no-headers'] !== true ? `${machineLine(use)}\n\n${list}` : list;
}

function chosenPartitions(partitions: readonly LivePartition[], { only, sort }: TopView): LivePartition[] {
  return partitions
    .filter(({ partitionId, processes }) => (only.length === 0 ? processes > 0 : only.includes(partitionId)))
    .sort((one, other) => ORDER[sort](one, other) || ORDER.name(one, other));
}

type Order = (one: LivePartition, other: LivePartition) => number;

const ORDER: Readonly<Record<SortKey, Order>> = {
  cpu: (one, other) => other.cpuPercent - one.cpuPercent,
  memory: (one, other) => other.memoryBytes - one.memoryBytes,
  io: (one, other) => other.ioBytesPerSecond - one.ioBytesPerSecond,
  name: (one, other) => one.partitionId.localeCompare(other.partitionId, 'en', { numeric: true }),
};

function machineLine({ system }: LiveUse): string {
  const memory = `${bytesText(system.memoryUsedBytes)} of ${bytesText(system.memoryUsedBytes + system.memoryFreeBytes)}`;
  return `load ${system.load.toFixed(2)}   processors ${percentText(system.cpuPercent)}   memory ${memory}`;
}
