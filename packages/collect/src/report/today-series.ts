import type { Kysely } from 'kysely';

import { csvLine, JsonFloat, pythonFloat, pythonJson } from '../python-text.js';
import type { CollectorTables } from '../store/tables.js';

const KIB = 1024;

/** One value at one time. */
interface SeriesPoint {
  /** `YYYY-MM-DD HH:MM:SS`, UTC */
  readonly time: string;
  readonly value: number;
}

/** A file's worth of values. */
interface Series {
  /** Without extension: `system_loadavg`. */
  readonly name: string;
  readonly points: readonly SeriesPoint[];
}

/** What is shown of `system`, and whether in KiB, and whether only what came since the row before. */
const SYSTEM_SERIES = [
  { column: 'loadavg', unit: 1, isDifference: false },
  { column: 'cpu_percent', unit: 1, isDifference: false },
  { column: 'memory_used', unit: KIB, isDifference: false },
  { column: 'memory_free', unit: KIB, isDifference: false },
  { column: 'net_in_bytes', unit: KIB, isDifference: true },
  { column: 'net_out_bytes', unit: KIB, isDifference: true },
  { column: 'net_in_errors', unit: 1, isDifference: false },
  { column: 'net_in_dropped', unit: 1, isDifference: false },
  { column: 'net_out_errors', unit: 1, isDifference: false },
  { column: 'net_out_dropped', unit: 1, isDifference: false },
] as const;

/** What was measured on one day, as series: the machine (without its first row, which has no difference), then the disks. (spec: collect §5.1) */
export async function daySeries(tables: Kysely<CollectorTables>, date: string): Promise<Series[]> {
  const rows = await tables.selectFrom('system').selectAll().where('date', '=', date).orderBy('time').execute();
  const disks = await tables.selectFrom('disk').selectAll().where('date', '=', date).orderBy('time').execute();
  const system = SYSTEM_SERIES.map(({ column, unit, isDifference }) => ({
    name: `system_${column}`,
    points: rows.slice(1).map((row, index) => {
      const before = rows[index]?.[column] ?? 0;
      // Totals begin anew when the machine does.
      const value = isDifference && before <= row[column] ? row[column] - before : row[column];
      return { time: `${row.date} ${row.time}`, value: value / unit };
    }),
  }));
  // A machine that was never measured has no such files.
  const devices = [...new Set(disks.map(({ partition }) => partition))];
  const ofDisks = devices.flatMap((device) =>
    (['used', 'free'] as const).map((column) => ({
      name: `system_disk_memory_${column}_${device.replaceAll(/[/-]/g, '_')}`,
      points: disks
        .filter(({ partition }) => partition === device)
        .map((row) => ({ time: `${row.date} ${row.time}`, value: Number(row[column]) / KIB })),
    })),
  );
  return [...system, ...ofDisks];
}

/** As the Python node writes a series. */
export function seriesCsv({ points }: Series): string {
  return csvLine(['time', 'entry']) + points.map(({ time, value }) => csvLine([time, pythonFloat(value)])).join('');
}

const INDENT = '  ';

/** The same as a JSON list: keys sorted, two blanks of indentation. */
export function seriesJson({ points }: Series): string {
  if (points.length === 0) return '[]';
  const entries = points.map(
    ({ time, value }) =>
      `${INDENT}{\n${INDENT}${INDENT}"entry": ${pythonJson(new JsonFloat(value))},\n${INDENT}${INDENT}"time": ${pythonJson(time)}\n${INDENT}}`,
  );
  return `[\n${entries.join(',\n')}\n]`;
}
