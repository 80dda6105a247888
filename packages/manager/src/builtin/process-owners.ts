import { readdirSync, readFileSync } from 'node:fs';

const LOAD_FILE = '/proc/loadavg';

/** The processes of the machine by their users. Read anew only if a process was made since, so that a pass over many partitions reads them once. */
export class ProcessOwners {
  #byUid = new Map<number, number[]>();
  #lastPid: string | undefined;

  /** The processes that run as a user; those that have just ended may be among them. */
  of(uid: number): readonly number[] {
    const lastPid = newestPid();
    if (lastPid === undefined || lastPid !== this.#lastPid) this.#read();
    this.#lastPid = lastPid;
    return this.#byUid.get(uid) ?? [];
  }

  #read(): void {
    this.#byUid = new Map();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const uid = uidOf(Number(name));
      if (uid === undefined) continue;
      const pids = this.#byUid.get(uid);
      if (pids === undefined) this.#byUid.set(uid, [Number(name)]);
      else pids.push(Number(name));
    }
  }
}

/** The number of the process that was made last. */
function newestPid(): string | undefined {
  try {
    return readFileSync(LOAD_FILE, 'latin1').trim().split(' ').at(-1);
  } catch {
    return undefined; // hidden in a container
  }
}

/** The effective owner of a process; `undefined` when there is none. */
export function uidOf(pid: number): number | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(statusOf(pid))?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** `/proc/PID/status`; empty when the process has ended. */
export function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/status`, 'latin1');
  } catch {
    return '';
  }
}
