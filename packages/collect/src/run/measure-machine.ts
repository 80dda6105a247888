import type { Insertable } from 'kysely';

import { type ProcessorTicks, parseProcessorTicks } from '../snapshot/proc-text.js';
import { processorShare, type ProcessReading, readProcesses, ticksOf, type UserNames } from '../snapshot/processes.js';
import { busyPercent, readComputer, readDisks, readSystem } from '../snapshot/system.js';
import { readTemperatures, type TemperatureReading } from '../snapshot/temperature.js';
import type { UserRow } from '../store/tables.js';
import type { NewRows } from '../store/write-rows.js';
import { isUsable, type KeptReadings } from './kept-readings.js';
import type { RunContext } from './run-context.js';

/** Where the run before left nothing, the shares of processors are those of so long. */
const SAMPLE_MS = 500;

/** What was measured, as rows, and what the next run needs. */
interface MachineMeasure {
  readonly rows: NewRows;
  readonly kept: Omit<KeptReadings, 'folders'>;
  readonly processes: number;
}

/**
 * Measures processes, machine, disks and temperatures. Shares of processors are those since the run before; without one the
 * run waits half a second for a second reading.
 */
export async function measureMachine(kept: KeptReadings | undefined, context: RunContext): Promise<MachineMeasure> {
  const { proc, host, stamp, logger } = context;
  const users = await userNames(context);
  const first = readProcesses(proc, users);
  const processorBefore = parseProcessorTicks(proc.text('stat'));
  let earlier: Pick<KeptReadings, 'processor' | 'processes'>;
  let latest = first;
  if (isUsable(kept, first)) {
    earlier = kept;
  } else {
    await host.clock.sleep(SAMPLE_MS, context.signal);
    earlier = { processor: processorBefore, processes: ticksOf(first) };
    latest = readProcesses(proc, users);
  }
  const processor: ProcessorTicks = parseProcessorTicks(proc.text('stat'));
  const later = new Map(latest.processes.map((reading) => [reading.process, reading]));
  const share = (reading: ProcessReading): number => {
    const now = later.get(reading.process);
    // It ended meanwhile.
    if (now === undefined) return 0;
    return processorShare(now, latest.uptimeSeconds, earlier.processes, proc.ticksPerSecond);
  };
  const system = readSystem(proc, busyPercent(earlier.processor, processor));
  const computer = readComputer(proc);
  const disks = readDisks(proc, (mountPoint, error) => {
    logger.warn('A disk cannot be asked', { mountPoint, reason: String(error) });
  });
  let temperatures: readonly TemperatureReading[] = [];
  await context.attempt('The temperatures cannot be read', async () => {
    temperatures = await readTemperatures(host.commands, context.signal);
  });
  const { network } = system;
  const rows: NewRows = {
    computer: [
      {
        cpu_num_core: computer.processors,
        cpu_frequency: 0,
        cpu_type: '0',
        memory_size: computer.memoryBytes,
        memory_type: '0',
        partition_list: disks.map(({ device, totalBytes }) => `${device}=${String(totalBytes)}`).join(';'),
        ...stamp,
      },
    ],
    system: [
      {
        loadavg: system.load,
        cpu_percent: system.cpuPercent,
        memory_used: system.memoryUsedBytes,
        memory_free: system.memoryFreeBytes,
        net_in_bytes: network.inBytes,
        net_in_errors: network.inErrors,
        net_in_dropped: network.inDropped,
        net_out_bytes: network.outBytes,
        net_out_errors: network.outErrors,
        net_out_dropped: network.outDropped,
        ...stamp,
      },
    ],
    temperature: temperatures.map(({ sensorId, temperature, alarm }) => ({
      sensor_id: sensorId,
      temperature,
      alarm,
      ...stamp,
    })),
    disk: disks.map(({ device, mountPoint, usedBytes, freeBytes }) => ({
      partition: device,
      used: String(usedBytes),
      free: String(freeBytes),
      mountpoint: mountPoint,
      ...stamp,
    })),
    user: byUser(first.processes, context).map((reading) => userRow(reading, share(reading), stamp)),
  };
  return {
    rows,
    kept: { bootId: latest.bootId, processor, processes: ticksOf(latest) },
    processes: first.processes.length,
  };
}

/** In the order of the users, as the original inserts them. */
function byUser(readings: readonly ProcessReading[], { options }: RunContext): ProcessReading[] {
  const place = new Map(options.users.map(({ userName }, index) => [userName, index]));
  return readings.toSorted((one, other) => (place.get(one.userName) ?? 0) - (place.get(other.userName) ?? 0));
}

function userRow(reading: ProcessReading, cpuPercent: number, stamp: RunContext['stamp']): Insertable<UserRow> {
  return {
    partition: reading.userName,
    pid: reading.pid,
    process: reading.process,
    cpu_percent: cpuPercent,
    cpu_time: reading.cpuTime,
    cpu_num_threads: reading.threads,
    memory_percent: reading.memoryPercent,
    memory_rss: reading.memoryBytes,
    io_rw_counter: reading.ioBytes,
    io_cycles_counter: reading.ioCalls,
    ...stamp,
  };
}

/** The users that there are, by number. */
async function userNames({ options, host, logger }: RunContext): Promise<UserNames> {
  const names = new Map<number, string>();
  for (const { userName } of options.users) {
    const user = await host.users.byName(userName);
    if (user === undefined) logger.warn('There is no such user: run slapos node format', { userName });
    // root's processes are no partition's.
    else if (user.uid !== 0) names.set(user.uid, userName);
  }
  return names;
}
