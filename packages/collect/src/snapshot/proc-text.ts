/** What one process is doing, as the kernel says. (proc_pid_stat(5)) */
interface ProcessStat {
  /** At most 15 bytes of it. */
  readonly name: string;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly childUserTicks: number;
  readonly childSystemTicks: number;
  /** Ticks after the boot. */
  readonly startTicks: number;
  readonly blockedTicks: number;
  /** `R`, `S`, `Z`… */
  readonly state: string;
}

/** Fields of stat are counted from the state, which is the third, behind the name that may hold blanks and parentheses. */
const FIRST_FIELD = 3;

/** Reads `/proc/PID/stat`; `undefined` when it is not of its form. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open === -1 || close === -1) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const numberAt = (field: number): number => Number(fields[field - FIRST_FIELD] ?? '0');
  const stat = {
    name: text.slice(open + 1, close),
    state: fields[0] ?? '',
    userTicks: numberAt(14),
    systemTicks: numberAt(15),
    childUserTicks: numberAt(16),
    childSystemTicks: numberAt(17),
    startTicks: numberAt(22),
    blockedTicks: numberAt(42),
  };
  return Number.isFinite(stat.startTicks) && fields.length > 20 ? stat : undefined;
}

/** The value of a `Name: value` line, as `/proc/PID/status`, `/proc/PID/io` and `/proc/meminfo` have them. */
export function valueOfLine(text: string, name: string): string | undefined {
  const start = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`) + 1;
  if (start === 0 && !text.startsWith(`${name}:`)) return undefined;
  const end = text.indexOf('\n', start);
  return text.slice(start + name.length + 1, end === -1 ? undefined : end).trim();
}

/** The number that such a line begins with; 0 when there is none. */
export function numberOfLine(text: string, name: string): number {
  return Number.parseInt(valueOfLine(text, name) ?? '0', 10) || 0;
}

/** Ticks of all processors since the boot. */
export interface ProcessorTicks {
  readonly total: number;
  readonly idle: number;
}

const COUNTED_FIELDS = 8;
const IDLE_FIELD = 3;

/** The first line of `/proc/stat`; guest times are inside user and nice already. (spec: collect §3.2) */
export function parseProcessorTicks(text: string): ProcessorTicks {
  const [line = ''] = text.split('\n', 1);
  const fields = line
    .split(/\s+/)
    .slice(1, 1 + COUNTED_FIELDS)
    .map(Number);
  return { total: fields.reduce((sum, ticks) => sum + ticks, 0), idle: fields[IDLE_FIELD] ?? 0 };
}

/** Seconds since 1970 of the boot, from `/proc/stat`. */
export function parseBootTime(text: string): number {
  return Number(/^btime (\d+)$/m.exec(text)?.[1] ?? '0');
}

/** Logical processors, from `/proc/stat`. */
export function parseProcessorCount(text: string): number {
  return [...text.matchAll(/^cpu\d+ /gm)].length;
}

/** Totals over all interfaces since the boot. */
export interface NetworkTotals {
  readonly inBytes: number;
  readonly inErrors: number;
  readonly inDropped: number;
  readonly outBytes: number;
  readonly outErrors: number;
  readonly outDropped: number;
}

const NETWORK_FIELDS = 16;

/** Sums `/proc/net/dev`, lo included; a name may touch its first number. */
export function parseNetworkTotals(text: string): NetworkTotals {
  const sums = new Array<number>(NETWORK_FIELDS).fill(0);
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':');
    if (colon === -1) continue;
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    if (fields.length < NETWORK_FIELDS) continue;
    for (const [index] of sums.entries()) sums[index] = (sums[index] ?? 0) + (fields[index] ?? 0);
  }
  const [inBytes = 0, , inErrors = 0, inDropped = 0, , , , , outBytes = 0, , outErrors = 0, outDropped = 0] = sums;
  return { inBytes, inErrors, inDropped, outBytes, outErrors, outDropped };
}

/** One line of `/proc/self/mounts`. */
interface MountedDevice {
  readonly device: string;
  readonly mountPoint: string;
}

/** Mounts of file systems that live on devices, one for each device, the first one wins. (spec: collect §3.3) */
export function parseMountedDevices(mounts: string, fileSystems: string): MountedDevice[] {
  const onDevices = new Set(
    fileSystems.split('\n').flatMap((line) => {
      const [flag = '', type = ''] = line.split('\t');
      return flag !== 'nodev' || type === 'zfs' ? [type] : [];
    }),
  );
  const found = new Map<string, MountedDevice>();
  for (const line of mounts.split('\n')) {
    const [source, target, type] = line.split(' ');
    if (source === undefined || target === undefined || type === undefined || !onDevices.has(type)) continue;
    const device = unescapeOctal(source);
    // A device of no name is no device.
    if (device === '' || device === 'none' || found.has(device)) continue;
    found.set(device, { device, mountPoint: unescapeOctal(target) });
  }
  return [...found.values()];
}

/** The kernel writes blanks, tabs, newlines and backslashes of paths as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
