import fs from 'node:fs';
import path from 'node:path';
import { isProcessAlive, readProcessStatus } from '@slapos/host';
import { z } from 'zod';
import { reasonOf } from './process-output.js';

const RECORD_MODE = 0o600;
const recordSchema = z.object({
  boot: z.string(),
  processes: z.record(z.string(), z.object({ pid: z.int().positive(), startTime: z.string() })),
});
type Entry = z.infer<typeof recordSchema>['processes'][string];

/**
 * Remembers on disk which processes the daemon started. One that dies with SIGKILL leaves them running; the next one does not adopt them,
 * but must not start a second copy beside them either (spec: supervisor §10).
 */
export class ProcessRecord {
  readonly #file: string;
  readonly #onProblem: (reason: string) => void;
  readonly #boot: string;
  readonly #inherited: Map<string, Entry>;
  readonly #started = new Map<string, Entry>();

  /**
   * @param file in a folder of the daemon's own
   * @param onProblem is told when it cannot be written: on a full disk, services go on all the same
   */
  constructor(file: string, onProblem: (reason: string) => void) {
    this.#file = file;
    this.#onProblem = onProblem;
    this.#boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    this.#inherited = this.#read();
  }

  /** The pids of processes of an earlier daemon that still run, by `group:process`. */
  survivors(): ReadonlyMap<string, number> {
    const alive = [...this.#inherited].filter(([, entry]) => isSame(entry));
    return new Map(alive.map(([name, { pid }]) => [name, pid]));
  }

  /** The pid of an earlier daemon's copy of this process that still runs. */
  survivor(name: string): number | undefined {
    const entry = this.#inherited.get(name);
    if (entry === undefined) return undefined;
    if (isSame(entry)) return entry.pid;
    this.#inherited.delete(name);
    return undefined;
  }

  started(name: string, pid: number): void {
    const startTime = readProcessStatus(pid)?.startTime;
    if (startTime === undefined) return;
    this.#started.set(name, { pid, startTime });
    this.#write();
  }

  ended(name: string): void {
    if (this.#started.delete(name)) this.#write();
  }

  /** After a clean end there is nothing to remember, unless an earlier daemon's processes still run. */
  close(): void {
    if (this.survivors().size === 0) fs.rmSync(this.#file, { force: true });
  }

  #read(): Map<string, Entry> {
    let text: string;
    try {
      text = fs.readFileSync(this.#file, 'utf8');
    } catch {
      return new Map();
    }
    try {
      const record = recordSchema.parse(JSON.parse(text));
      return record.boot === this.#boot ? new Map(Object.entries(record.processes)) : new Map<string, Entry>();
    } catch {
      // Half written by a machine that crashed, which ended its processes too.
      return new Map();
    }
  }

  #write(): void {
    const processes = Object.fromEntries([
      ...[...this.#inherited].filter(([, entry]) => isSame(entry)),
      ...this.#started,
    ]);
    const temporary = path.join(path.dirname(this.#file), `.${path.basename(this.#file)}.new`);
    try {
      fs.writeFileSync(temporary, JSON.stringify({ boot: this.#boot, processes }), { mode: RECORD_MODE });
      fs.renameSync(temporary, this.#file);
    } catch (error) {
      this.#onProblem(`cannot note which processes run: ${reasonOf(error)}`);
    }
  }
}

function isSame({ pid, startTime }: Entry): boolean {
  return isProcessAlive(pid) && readProcessStatus(pid)?.startTime === startTime;
}
