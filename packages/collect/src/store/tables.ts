import type { Generated } from 'kysely';

/** What every row ends with. */
interface StampedRow {
  date: string;
  time: string;
  /** 1 when it was written to a dump, after which it may be deleted. */
  reported: Generated<number | null>;
}

/** A process at one instant. */
export interface UserRow extends StampedRow {
  /** Name of the user. */
  partition: string;
  pid: number;
  process: string;
  cpu_percent: number;
  cpu_time: number;
  cpu_num_threads: number;
  memory_percent: number;
  memory_rss: number;
  io_rw_counter: number;
  io_cycles_counter: number;
}

/** The size of a partition's folder, in KiB. */
interface FolderRow extends StampedRow {
  partition: string;
  disk_used: number;
}

interface ComputerRow extends StampedRow {
  cpu_num_core: number;
  cpu_frequency: number;
  cpu_type: string;
  memory_size: number;
  memory_type: string;
  partition_list: string;
}

interface SystemRow extends StampedRow {
  loadavg: number;
  cpu_percent: number;
  memory_used: number;
  memory_free: number;
  net_in_bytes: number;
  net_in_errors: number;
  net_in_dropped: number;
  net_out_bytes: number;
  net_out_errors: number;
  net_out_dropped: number;
}

/** Bytes as texts. */
interface DiskRow extends StampedRow {
  partition: string;
  used: string;
  free: string;
  mountpoint: string;
}

interface TemperatureRow extends StampedRow {
  sensor_id: string;
  temperature: number;
  alarm: number;
}

interface HeatingRow extends StampedRow {
  model_id: string;
  sensor_id: string;
  initial_temperature: number;
  final_temperature: number;
  delta_time: number;
  zero_emission_ratio: number;
}

/** The tables of `collector.db`. (spec: collect §4) */
export interface CollectorTables {
  user: UserRow;
  folder: FolderRow;
  computer: ComputerRow;
  system: SystemRow;
  disk: DiskRow;
  temperature: TemperatureRow;
  heating: HeatingRow;
}

export type CollectorTable = keyof CollectorTables;

/** How SQLite keeps a column: a `real` is written as a float, even when whole. */
type ColumnType = 'real' | 'text' | 'integer' | 'name';

/** The columns of each table in their order, as the Python node makes them; dumps have no header, so this order counts. */
export const TABLE_COLUMNS: {
  readonly [Table in CollectorTable]: Readonly<Record<keyof CollectorTables[Table], ColumnType>>;
} = {
  user: {
    partition: 'text',
    pid: 'real',
    process: 'text',
    cpu_percent: 'real',
    cpu_time: 'real',
    cpu_num_threads: 'real',
    memory_percent: 'real',
    memory_rss: 'real',
    io_rw_counter: 'real',
    io_cycles_counter: 'real',
    date: 'text',
    time: 'text',
    reported: 'integer',
  },
  folder: { partition: 'text', disk_used: 'real', date: 'text', time: 'text', reported: 'integer' },
  computer: {
    cpu_num_core: 'real',
    cpu_frequency: 'real',
    cpu_type: 'text',
    memory_size: 'real',
    memory_type: 'text',
    partition_list: 'text',
    date: 'text',
    time: 'text',
    reported: 'integer',
  },
  system: {
    loadavg: 'real',
    cpu_percent: 'real',
    memory_used: 'real',
    memory_free: 'real',
    net_in_bytes: 'real',
    net_in_errors: 'real',
    net_in_dropped: 'real',
    net_out_bytes: 'real',
    net_out_errors: 'real',
    net_out_dropped: 'real',
    date: 'text',
    time: 'text',
    reported: 'integer',
  },
  disk: {
    partition: 'text',
    used: 'text',
    free: 'text',
    mountpoint: 'text',
    date: 'text',
    time: 'text',
    reported: 'integer',
  },
  temperature: {
    sensor_id: 'name',
    temperature: 'real',
    alarm: 'integer',
    date: 'text',
    time: 'text',
    reported: 'integer',
  },
  heating: {
    model_id: 'name',
    sensor_id: 'name',
    initial_temperature: 'real',
    final_temperature: 'real',
    delta_time: 'real',
    zero_emission_ratio: 'real',
    date: 'text',
    time: 'text',
    reported: 'integer',
  },
};

/** In the order in which they are made. */
export const TABLE_NAMES = Object.keys(TABLE_COLUMNS) as readonly CollectorTable[];

/** Makes what is missing; a database of the Python node stays as it is. */
export function schemaStatements(): string[] {
  const tables = TABLE_NAMES.map((table) => {
    const columns = Object.entries(TABLE_COLUMNS[table]).map(([name, type]) =>
      name === 'reported' ? 'reported integer NULL DEFAULT 0' : `${name} ${type}`,
    );
    return `CREATE TABLE IF NOT EXISTS ${table} (${columns.join(', ')})`;
  });
  const indexes = TABLE_NAMES.map(
    (table) => `CREATE INDEX IF NOT EXISTS ${table}_date_reported_index ON ${table} (date, reported)`,
  );
  return [...tables, 'CREATE INDEX IF NOT EXISTS user_partition_date_time ON user (partition, date, time)', ...indexes];
}
