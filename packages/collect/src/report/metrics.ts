import { Gauge, Registry } from 'prom-client';

import type { LiveUse } from '../snapshot/live-use.js';

/** Of each partition: name, help, and the figure. */
const PARTITION_FIGURES = [
  ['slapos_partition_processes', 'Processes of the partition', 'processes'],
  ['slapos_partition_threads', 'Threads of the partition', 'threads'],
  ['slapos_partition_cpu_percent', 'Percent of one processor since the look before', 'cpuPercent'],
  ['slapos_partition_memory_bytes', 'Resident memory of the partition', 'memoryBytes'],
  ['slapos_partition_io_bytes_per_second', 'Bytes read from and written to disks a second', 'ioBytesPerSecond'],
] as const;

const SYSTEM_FIGURES = [
  ['slapos_node_load', 'Runnable processes, averaged over a minute', 'load'],
  ['slapos_node_cpu_percent', 'Percent of all processors since the look before', 'cpuPercent'],
  ['slapos_node_memory_used_bytes', 'Memory in use', 'memoryUsedBytes'],
  ['slapos_node_memory_free_bytes', 'Memory that programs can still get', 'memoryFreeBytes'],
] as const;

/** The figures in the text format of Prometheus, each partition by its folder's name. */
export async function useMetrics({ system, partitions }: LiveUse): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  for (const [name, help, figure] of SYSTEM_FIGURES) new Gauge({ name, help, registers }).set(system[figure]);
  for (const [name, help, figure] of PARTITION_FIGURES) {
    const gauge = new Gauge({ name, help, labelNames: ['partition'], registers });
    for (const partition of partitions) gauge.set({ partition: partition.partitionId }, partition[figure]);
  }
  return registry.metrics();
}
