import type { Kysely } from 'kysely';

import { roundTo } from '../python-text.js';
import { stampOf } from '../time.js';
import type { CollectorTables } from '../store/tables.js';

const MINUTE_MS = 60_000;
const SECONDS = 60;
const KIB = 1024;
const MIB = 1024 * 1024;
const DECIMALS = 2;

/** A minute of UTC. */
interface Minute {
  readonly date: string;
  /** `HH:MM` */
  readonly minute: string;
}

/** The minute before this instant, with its own date. */
export function previousMinute(milliseconds: number): Minute {
  const { date, time } = stampOf(milliseconds - MINUTE_MS);
  return { date, minute: time.slice(0, 'HH:MM'.length) };
}

/** What a partition used in a minute. Numbers are rounded to two decimals. (spec: collect §5.4) */
export interface MinuteUse {
  /** `YYYY-MM-DD HH:MM:00` */
  readonly date: string;
  readonly rows: number;
  readonly cpuPercent: number;
  /** Minutes. */
  readonly cpuTime: number;
  readonly threads: number;
  readonly memoryPercent: number;
  /** MiB. */
  readonly memory: number;
  readonly ioBytes: number;
  readonly ioCalls: number;
  /** MiB; 0 when the folder was not measured in that minute. */
  readonly disk: number;
}

/** What one process used in a minute. */
export interface ProcessUse extends Omit<MinuteUse, 'date' | 'rows' | 'disk'> {
  readonly pid: number;
  /** `PID-STARTTIME` */
  readonly process: string;
}

/** A minute of a partition: all together, and process by process, the busiest first. */
export async function minuteUse(
  tables: Kysely<CollectorTables>,
  user: string,
  { date, minute }: Minute,
): Promise<{ readonly total: MinuteUse; readonly processes: readonly ProcessUse[] }> {
  const from = `${minute}:00`;
  const to = `${minute}:59`;
  const rows = await tables
    .selectFrom('user')
    .selectAll()
    .where('partition', '=', user)
    .where('date', '=', date)
    .where('time', '>=', from)
    .where('time', '<=', to)
    .execute();
  const folder = await tables
    .selectFrom('folder')
    .select('disk_used')
    .where('partition', '=', user)
    .where('date', '=', date)
    .where('time', '>=', from)
    .where('time', '<=', to)
    .orderBy('time', 'desc')
    .limit(1)
    .executeTakeFirst();
  const total = sumOf(rows);
  const byProcess = groupByProcess(rows);
  const processes = [...byProcess.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const sum = sumOf(own);
    return [
      {
        ...sum,
        pid: first.pid,
        process: first.process,
        cpuPercent: rounded(sum.cpuPercent / own.length),
        threads: rounded(Math.max(...own.map((row) => row.cpu_num_threads)) / own.length),
        memoryPercent: rounded(sum.memoryPercent / own.length),
        ioBytes: rounded(sum.ioBytes / own.length),
        ioCalls: rounded(sum.ioCalls / own.length),
        cpuTime: rounded(sum.cpuTime),
        memory: rounded(sum.memory),
      },
    ];
  });
  return {
    total: {
      date: `${date} ${from}`,
      rows: rows.length,
      cpuPercent: rounded(total.cpuPercent),
      cpuTime: rounded(total.cpuTime),
      threads: rounded(total.threads),
      memoryPercent: rounded(total.memoryPercent),
      memory: rounded(total.memory),
      ioBytes: rounded(total.ioBytes),
      ioCalls: rounded(total.ioCalls),
      disk: rounded((folder?.disk_used ?? 0) / KIB),
    },
    processes: processes.sort((one, other) => other.cpuPercent - one.cpuPercent),
  };
}

interface Measured {
  readonly pid: number;
  readonly process: string;
  readonly cpu_percent: number;
  readonly cpu_time: number;
  readonly cpu_num_threads: number;
  readonly memory_percent: number;
  readonly memory_rss: number;
  readonly io_rw_counter: number;
  readonly io_cycles_counter: number;
}

function groupByProcess(rows: readonly Measured[]): Map<string, Measured[]> {
  const groups = new Map<string, Measured[]>();
  for (const row of rows) groups.set(row.process, [...(groups.get(row.process) ?? []), row]);
  return groups;
}

function sumOf(rows: readonly Measured[]): Omit<MinuteUse, 'date' | 'rows' | 'disk'> {
  const sum = (value: (row: Measured) => number): number => rows.reduce((total, row) => total + value(row), 0);
  return {
    cpuPercent: sum((row) => row.cpu_percent),
    cpuTime: sum((row) => row.cpu_time) / SECONDS,
    threads: sum((row) => row.cpu_num_threads),
    memoryPercent: sum((row) => row.memory_percent),
    memory: sum((row) => row.memory_rss) / MIB,
    ioBytes: sum((row) => row.io_rw_counter),
    ioCalls: sum((row) => row.io_cycles_counter),
  };
}

function rounded(value: number): number {
  return roundTo(value, DECIMALS);
}
