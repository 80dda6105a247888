import fs from 'node:fs';

/** What the kernel says about one process. (proc_pid_stat(5)) */
export interface ProcessStatus {
  readonly pid: number;
  readonly parentPid: number;
  readonly sessionId: number;
  /** One letter: R S D Z T… */
  readonly stateLetter: string;
  /** Clock ticks since the boot; with the pid it names one process for ever. */
  readonly startTime: string;
}

const FIELD_STATE = 0;
const FIELD_PARENT = 1;
const FIELD_SESSION = 3;
const FIELD_START_TIME = 19;
/** A tree that forks faster than this many looks is killed by the looks after the first SIGKILL. */
const MAX_LOOKS = 20;

/** The status of a process, or `undefined` when there is none. */
export function readProcessStatus(pid: number): ProcessStatus | undefined {
  let text: string;
  try {
    text = fs.readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  } catch {
    return undefined; // gone
  }
  // The name, in brackets, can hold anything, brackets and blanks included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    parentPid: Number(fields[FIELD_PARENT]),
    sessionId: Number(fields[FIELD_SESSION]),
    stateLetter: fields[FIELD_STATE] ?? '',
    startTime: fields[FIELD_START_TIME] ?? '',
  };
}

/** Whether the process runs; a zombie does not. */
export function isProcessAlive(pid: number): boolean {
  const status = readProcessStatus(pid);
  return status !== undefined && status.stateLetter !== 'Z' && status.stateLetter !== 'X';
}

function listProcesses(): ProcessStatus[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcessStatus(Number(name)))
    .filter((status) => status !== undefined);
}

function isSame(status: ProcessStatus | undefined, startTime: string): boolean {
  return status?.startTime === startTime && status.stateLetter !== 'Z' && status.stateLetter !== 'X';
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime, or (a setuid program) not ours to signal.
  }
}

/**
 * The processes of one command: its descendants, and everything in its session, whoever adopted them.
 * A process that was seen once is remembered, also after its parent died; pids are compared with their start time,
 * so a recycled one is never hit.
 */
export class ProcessTree {
  readonly #leader: number;
  readonly #isSessionLeader: boolean;
  readonly #known = new Map<number, string>();

  constructor(leader: number, options: { readonly isSessionLeader: boolean }) {
    this.#leader = leader;
    this.#isSessionLeader = options.isSessionLeader;
    const status = readProcessStatus(leader);
    if (status !== undefined) this.#known.set(leader, status.startTime);
  }

  /** Looks for new members; returns them. */
  look(): ProcessStatus[] {
    const processes = listProcesses();
    const found: ProcessStatus[] = [];
    for (let grown = true; grown; ) {
      grown = false;
      for (const status of processes) {
        if (this.#known.has(status.pid) || status.pid === process.pid) continue;
        const inSession = this.#isSessionLeader && status.sessionId === this.#leader;
        if (!inSession && !this.#known.has(status.parentPid)) continue;
        this.#known.set(status.pid, status.startTime);
        found.push(status);
        grown = true;
      }
    }
    return found;
  }

  /** The members that still run. */
  alive(): number[] {
    return [...this.#known].filter(([pid, startTime]) => isSame(readProcessStatus(pid), startTime)).map(([pid]) => pid);
  }

  /** Sends a signal to every member that still runs. */
  signal(signal: NodeJS.Signals): void {
    this.look();
    for (const pid of this.alive()) signalQuietly(pid, signal);
  }

  /** Stops all members, until no new one appears, then kills them. (spec: grid 15.3) */
  kill(): void {
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      for (const pid of this.alive()) signalQuietly(pid, 'SIGSTOP');
      if (this.look().length === 0) break;
    }
    for (const pid of this.alive()) signalQuietly(pid, 'SIGKILL');
  }
}
