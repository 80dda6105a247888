import type { UserDatabase } from '@slapos/host';

import type { MeteredUser } from '../options.js';
import { roundTo } from '../python-text.js';
import type { ProcFolder } from './proc-folder.js';
import { parseProcessorTicks, type ProcessorTicks } from './proc-text.js';
import { type EarlierTicks, processorShare, readProcesses, ticksOf, type UserNames } from './processes.js';
import { busyPercent, readSystem, type SystemReading } from './system.js';

/** What a partition uses now. */
export interface LivePartition {
  readonly userName: string;
  /** Name of its folder. */
  readonly partitionId: string;
  readonly processes: number;
  readonly threads: number;
  /** Of one processor, since the look before; 0 in the first look. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly memoryPercent: number;
  /** Bytes read from and written to disks a second since the look before. */
  readonly ioBytesPerSecond: number;
}

/** The machine and its partitions now. */
export interface LiveUse {
  readonly system: SystemReading;
  readonly partitions: readonly LivePartition[];
}

/** Looks again and again at what partitions use, without keeping anything. */
export class LiveMeter {
  readonly #users: readonly MeteredUser[];
  readonly #database: UserDatabase;
  readonly #proc: ProcFolder;
  #before:
    | { readonly ticks: EarlierTicks; readonly processor: ProcessorTicks; readonly io: ReadonlyMap<string, number> }
    | undefined;

  constructor(users: readonly MeteredUser[], ports: { readonly users: UserDatabase; readonly proc: ProcFolder }) {
    this.#users = users;
    this.#database = ports.users;
    this.#proc = ports.proc;
  }

  /** Shares are those since the look before. */
  async look(): Promise<LiveUse> {
    const proc = this.#proc;
    const snapshot = readProcesses(proc, await this.#names());
    const processor = parseProcessorTicks(proc.text('stat'));
    const before = this.#before;
    const io = new Map(snapshot.processes.map(({ process, ioBytes }) => [process, ioBytes]));
    const seconds = before === undefined ? 0 : snapshot.uptimeSeconds - before.ticks.uptimeSeconds;
    const partitions = this.#users.map(({ userName, folder }) => {
      const own = snapshot.processes.filter((reading) => reading.userName === userName);
      const sum = (value: (reading: (typeof own)[number]) => number): number =>
        own.reduce((total, reading) => total + value(reading), 0);
      const cpuPercent =
        before === undefined
          ? 0
          : sum((reading) => processorShare(reading, snapshot.uptimeSeconds, before.ticks, proc.ticksPerSecond));
      const moved = sum(({ process, ioBytes }) => Math.max(0, ioBytes - (before?.io.get(process) ?? 0)));
      return {
        userName,
        partitionId: folder.split('/').at(-1) ?? folder,
        processes: own.length,
        threads: sum(({ threads }) => threads),
        cpuPercent: roundTo(cpuPercent, 1),
        memoryBytes: sum(({ memoryBytes }) => memoryBytes),
        memoryPercent: roundTo(
          sum(({ memoryPercent }) => memoryPercent),
          2,
        ),
        ioBytesPerSecond: seconds > 0 ? Math.round(moved / seconds) : 0,
      };
    });
    const system = readSystem(proc, before === undefined ? 0 : busyPercent(before.processor, processor));
    this.#before = { ticks: ticksOf(snapshot), processor, io };
    return { system, partitions };
  }

  async #names(): Promise<UserNames> {
    const names = new Map<number, string>();
    for (const { userName } of this.#users) {
      const user = await this.#database.byName(userName);
      if (user !== undefined && user.uid !== 0) names.set(user.uid, userName);
    }
    return names;
  }
}
