import { sql } from 'kysely';

import { databaseError, type OpenDatabase, openDatabaseToRead } from './open-database.js';
import type { CollectorTables } from './tables.js';

/** Instants between which rows are wanted, UTC: `YYYY-MM-DD HH:MM:SS`, both included; without one there is no limit. */
export interface Period {
  readonly from?: string;
  readonly to?: string;
}

/** What one partition used in a period. */
export interface PartitionUse {
  /** Name of its user. */
  readonly partition: string;
  /** How many runs saw processes of it. */
  readonly measurements: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** Percent of one processor, summed over processes, averaged over measurements. */
  readonly cpuPercent: number;
  readonly cpuPercentPeak: number;
  /** Bytes. */
  readonly memoryBytes: number;
  readonly memoryBytesPeak: number;
  /** Processes, averaged. */
  readonly processes: number;
  /** Bytes that its processes read from and wrote to disks. */
  readonly ioBytes: number;
  /** KiB at the last measurement of the folder; `undefined` when there was none. */
  readonly diskKib: number | undefined;
}

type Plain<Table extends keyof CollectorTables> = {
  [Column in keyof CollectorTables[Table]]: CollectorTables[Table][Column] extends string | number
    ? CollectorTables[Table][Column]
    : number | null;
};

const stampText = sql<string>`(date || ' ' || time)`;

/** Questions about what was measured; for promises and reports. Any user that may read the file can ask. */
export class CollectorReader implements AsyncDisposable {
  readonly #database: OpenDatabase;

  /** @param database that is closed with the reader */
  constructor(database: OpenDatabase) {
    this.#database = database;
  }

  /** The last size of a partition's folder, in KiB; `undefined` when it was never stored (up to 1 MiB is not). */
  async latestFolderKib(partition: string): Promise<number | undefined> {
    const row = await this.#ask(() =>
      this.#database.tables
        .selectFrom('folder')
        .select('disk_used')
        .where('partition', '=', partition)
        .orderBy('date', 'desc')
        .orderBy('time', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row?.disk_used;
  }

  /** Rows of the machine, oldest first. */
  systemRows(period: Period = {}): Promise<Plain<'system'>[]> {
    return this.#rows('system', period) as Promise<Plain<'system'>[]>;
  }

  /** Rows of disks, oldest first. */
  diskRows(period: Period = {}): Promise<Plain<'disk'>[]> {
    return this.#rows('disk', period) as Promise<Plain<'disk'>[]>;
  }

  /** Rows of temperatures, oldest first. */
  temperatureRows(period: Period = {}): Promise<Plain<'temperature'>[]> {
    return this.#rows('temperature', period) as Promise<Plain<'temperature'>[]>;
  }

  /** Rows of what the machine has, oldest first. */
  computerRows(period: Period = {}): Promise<Plain<'computer'>[]> {
    return this.#rows('computer', period) as Promise<Plain<'computer'>[]>;
  }

  /** Sizes of a partition's folder, oldest first. */
  folderRows(partition: string, period: Period = {}): Promise<Plain<'folder'>[]> {
    return this.#rows('folder', period, partition) as Promise<Plain<'folder'>[]>;
  }

  /** Rows of processes of a partition's user, oldest first. */
  processRows(partition: string, period: Period = {}): Promise<Plain<'user'>[]> {
    return this.#rows('user', period, partition) as Promise<Plain<'user'>[]>;
  }

  /** The last heating test, with its zero emission ratio; `undefined` when there was none. */
  async latestHeating(): Promise<Plain<'heating'> | undefined> {
    return this.#ask(() =>
      this.#database.tables
        .selectFrom('heating')
        .selectAll()
        .orderBy('date', 'desc')
        .orderBy('time', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
  }

  /** What each partition used, by name. */
  async usage(period: Period = {}): Promise<PartitionUse[]> {
    const { from = '', to = '\uffff' } = period;
    const { tables } = this.#database;
    const moments = await this.#ask(() =>
      tables
        .selectFrom(
          tables
            .selectFrom(processesOnce(tables, from, to).as('once'))
            .select(['partition', 'at'])
            .select(({ fn }) => [
              fn.sum<number>('cpu').as('cpu'),
              fn.sum<number>('memory').as('memory'),
              fn.countAll<number>().as('processes'),
            ])
            .groupBy(['partition', 'at'])
            .as('moment'),
        )
        .select(({ fn }) => [
          'partition',
          fn.countAll<number>().as('measurements'),
          fn.min<string>('at').as('firstAt'),
          fn.max<string>('at').as('lastAt'),
          fn.avg<number>('cpu').as('cpuPercent'),
          fn.max<number>('cpu').as('cpuPercentPeak'),
          fn.avg<number>('memory').as('memoryBytes'),
          fn.max<number>('memory').as('memoryBytesPeak'),
          fn.avg<number>('processes').as('processes'),
        ])
        .groupBy('partition')
        .orderBy('partition')
        .execute(),
    );
    const io = new Map(
      (
        await this.#ask(() =>
          tables
            .selectFrom(
              tables
                .selectFrom('user')
                .select(['partition', sql<number>`max(io_rw_counter) - min(io_rw_counter)`.as('moved')])
                .where('date', '>=', from.slice(0, 10))
                .where(stampText, '>=', from)
                .where(stampText, '<=', to)
                .groupBy(['partition', 'process'])
                .as('one'),
            )
            .select(({ fn }) => ['partition', fn.sum<number>('moved').as('moved')])
            .groupBy('partition')
            .execute(),
        )
      ).map(({ partition, moved }) => [partition, moved]),
    );
    const uses: PartitionUse[] = [];
    for (const moment of moments) {
      const diskKib = await this.latestFolderKib(moment.partition);
      uses.push({ ...moment, ioBytes: io.get(moment.partition) ?? 0, diskKib });
    }
    return uses;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  #rows(
    table: 'system' | 'computer' | 'disk' | 'folder' | 'temperature' | 'user',
    { from = '', to = '\uffff' }: Period,
    partition?: string,
  ): Promise<unknown[]> {
    return this.#ask(() => {
      const base = this.#database.tables
        .selectFrom(table)
        .selectAll()
        .where('date', '>=', from.slice(0, 10))
        .where(stampText, '>=', from)
        .where(stampText, '<=', to)
        .orderBy('date')
        .orderBy('time');
      return (partition === undefined ? base : base.where(sql`partition`, '=', partition)).execute();
    });
  }

  async #ask<Result>(question: () => Promise<Result>): Promise<Result> {
    try {
      return await question();
    } catch (error) {
      throw databaseError(this.#database.file, error);
    }
  }
}

/** Each process of a moment once: two runs within a second have the same stamp, and would count it twice. */
function processesOnce(tables: OpenDatabase['tables'], from: string, to: string) {
  return tables
    .selectFrom('user')
    .select(['partition', stampText.as('at')])
    .select(({ fn }) => [fn.max<number>('cpu_percent').as('cpu'), fn.max<number>('memory_rss').as('memory')])
    .where('date', '>=', from.slice(0, 10))
    .where(stampText, '>=', from)
    .where(stampText, '<=', to)
    .groupBy(['partition', 'date', 'time', 'process']);
}

/**
 * Opens what was measured.
 * @param place `collector.db` or the folder that it is in (`instance_root/var/data-log`)
 * @throws CollectError `COLLECT_DATABASE_MISSING`, `COLLECT_DATABASE_BROKEN`, `COLLECT_DATABASE_FAILED`
 */
export function openCollector(place: string): CollectorReader {
  return new CollectorReader(openDatabaseToRead(place));
}
