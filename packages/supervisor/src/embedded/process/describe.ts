import { PROCESS_STATES } from '../../states.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SECONDS_A_DAY = 86_400;

/** The facts that the description of a process is made of; times in seconds since the epoch, 0 for never. */
export interface DescribedProcess {
  readonly state: number;
  readonly pid: number;
  readonly name: string;
  readonly startedAt: number;
  readonly stoppedAt: number;
  readonly spawnError: string;
}

/** What a person reads behind the state (spec: supervisor §9.4). */
export function describeProcess(process: DescribedProcess, now: number): string {
  switch (process.state) {
    case PROCESS_STATES.RUNNING:
      return `pid ${String(process.pid)}, uptime ${duration(Math.max(0, now - process.startedAt))}`;
    case PROCESS_STATES.BACKOFF:
    case PROCESS_STATES.FATAL:
      return process.spawnError === '' ? `unknown error (try "tail ${process.name}")` : process.spawnError;
    case PROCESS_STATES.STOPPED:
    case PROCESS_STATES.EXITED:
      return process.stoppedAt > 0 ? localTime(process.stoppedAt) : 'Not started';
    default:
      return '';
  }
}

/** `0:00:03`, `1 day, 0:00:03`. */
function duration(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_A_DAY);
  const rest = seconds % SECONDS_A_DAY;
  const twoDigits = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const time = `${String(Math.floor(rest / 3600))}:${twoDigits((rest % 3600) / 60)}:${twoDigits(rest % 60)}`;
  return days === 0 ? time : `${String(days)} day${days === 1 ? '' : 's'}, ${time}`;
}

/** `Nov 23 04:57 AM`, in the machine's time zone. */
function localTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const twoDigits = (value: number): string => String(value).padStart(2, '0');
  const hours = date.getHours();
  return `${MONTHS[date.getMonth()] ?? ''} ${twoDigits(date.getDate())} ${twoDigits(hours % 12 || 12)}:${twoDigits(date.getMinutes())} ${hours < 12 ? 'AM' : 'PM'}`;
}
