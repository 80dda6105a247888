import type { Clock, Logger } from '@slapos/host';

import { isMasterUnreachable } from '../master/failures.js';
import { pauseAfter, type ScheduledOutcome } from './schedule.js';

/** One pass of a node that runs by itself. */
export interface ScheduledPass {
  /** `software`, `instance`… */
  readonly name: string;
  /** From the beginning of one run to that of the next. */
  readonly periodMs: number;
  /** Does the pass; an error counts as a failure, or as offline when it says that the master cannot be used. */
  readonly run: (signal: AbortSignal) => Promise<ScheduledOutcome>;
}

/** How it stands with one pass. Times are milliseconds since 1970. */
export interface ScheduledPassStatus {
  readonly name: string;
  readonly periodMs: number;
  readonly runs: Readonly<Record<ScheduledOutcome, number>>;
  /** Runs since the last that did what it should; a run that only found the lock taken counts for nothing. */
  readonly failuresInARow: number;
  /** Absent: it is waiting. */
  readonly runningSinceMs?: number;
  readonly lastOutcome?: ScheduledOutcome;
  readonly lastDurationMs?: number;
  readonly lastSuccessAtMs?: number;
  /** Absent while it runs. */
  readonly nextRunAtMs?: number;
  /** Of the last run, when it raised one. */
  readonly lastError?: string;
}

/** What the daemon works with. */
export interface DaemonPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

interface Entry {
  pass: ScheduledPass;
  status: ScheduledPassStatus;
  offlineInARow: number;
  /** Ends the present pause. */
  wake: AbortController;
  /** It is not wanted any more. */
  isDismissed: boolean;
  /** Set while a run is under way that began before somebody asked for one. */
  again: boolean;
}

const NO_RUNS: ScheduledPassStatus['runs'] = { success: 0, failure: 0, 'promise-failure': 0, offline: 0, busy: 0 };

/**
 * Runs the passes of a node, each on its own schedule, for as long as it is wanted. Passes run beside each other, as they do
 * from cron; a pass never beside itself.
 */
export class NodeDaemon {
  readonly #ports: DaemonPorts;
  readonly #entries = new Map<string, Entry>();
  readonly #loops = new Set<Promise<void>>();
  #stop: AbortSignal | undefined;

  constructor(passes: readonly ScheduledPass[], ports: DaemonPorts) {
    this.#ports = ports;
    this.#replace(passes);
  }

  /** In the order in which the passes were given. */
  status(): ScheduledPassStatus[] {
    return [...this.#entries.values()].map(({ status }) => status);
  }

  /** Runs until the signal is aborted; then waits for the passes, which get the same signal. */
  async run(signal: AbortSignal): Promise<void> {
    this.#stop = signal;
    for (const entry of this.#entries.values()) this.#begin(entry);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const entry of this.#entries.values()) entry.wake.abort();
    await Promise.all(this.#loops);
  }

  /** Takes other passes or periods; all of them run at once, and those that are gone end after their present run. */
  reload(passes: readonly ScheduledPass[]): void {
    const fresh = this.#replace(passes);
    if (this.#stop === undefined || this.#stop.aborted) return;
    for (const entry of this.#entries.values()) {
      if (fresh.has(entry)) this.#begin(entry);
      else this.#runNow(entry);
    }
  }

  /**
   * Runs a pass as soon as possible: now, or once more after the present run, which may have asked the master before.
   * @returns whether there is such a pass
   */
  runNow(name: string): boolean {
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#runNow(entry);
    return entry !== undefined;
  }

  #runNow(entry: Entry): void {
    if (entry.status.runningSinceMs === undefined) entry.wake.abort();
    else entry.again = true;
  }

  #replace(passes: readonly ScheduledPass[]): Set<Entry> {
    const fresh = new Set<Entry>();
    const before = new Map(this.#entries);
    this.#entries.clear();
    for (const pass of passes) {
      const known = before.get(pass.name);
      before.delete(pass.name);
      const entry: Entry = known ?? {
        pass,
        status: { name: pass.name, periodMs: pass.periodMs, runs: NO_RUNS, failuresInARow: 0 },
        offlineInARow: 0,
        wake: new AbortController(),
        isDismissed: false,
        again: false,
      };
      entry.pass = pass;
      entry.status = { ...entry.status, periodMs: pass.periodMs };
      this.#entries.set(pass.name, entry);
      if (known === undefined) fresh.add(entry);
    }
    for (const entry of before.values()) {
      entry.isDismissed = true;
      entry.wake.abort();
    }
    return fresh;
  }

  #begin(entry: Entry): void {
    const loop = this.#loop(entry).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  async #loop(entry: Entry): Promise<void> {
    const stop = this.#stop;
    if (stop === undefined) return;
    const isWanted = (): boolean => !stop.aborted && !entry.isDismissed;
    while (isWanted()) {
      const pauseMs = await this.#runOnce(entry, stop);
      if (!isWanted()) return;
      if (entry.again) {
        entry.again = false;
        continue;
      }
      entry.wake = new AbortController();
      entry.status = { ...entry.status, nextRunAtMs: this.#ports.clock.now() + pauseMs };
      // What ends the pause before its time is no error.
      await this.#ports.clock.sleep(pauseMs, entry.wake.signal).catch(() => undefined);
    }
  }

  /** Returns the pause until the next run. */
  async #runOnce(entry: Entry, stop: AbortSignal): Promise<number> {
    const { clock, logger, random = Math.random } = this.#ports;
    const { name } = entry.pass;
    const startedAtMs = clock.monotonic();
    const { nextRunAtMs: _past, lastError: _old, ...known } = entry.status;
    entry.status = { ...known, runningSinceMs: clock.now() };
    let outcome: ScheduledOutcome;
    let lastError: string | undefined;
    try {
      outcome = await entry.pass.run(stop);
    } catch (error) {
      outcome = isMasterUnreachable(error) ? 'offline' : 'failure';
      lastError = error instanceof Error ? error.message : String(error);
      if (!stop.aborted) logger.error(`The ${name} pass failed: ${lastError}`, { error, pass: name });
    }
    const endedAtMs = clock.monotonic();
    entry.offlineInARow = outcome === 'offline' ? entry.offlineInARow + 1 : 0;
    const { runningSinceMs: _ended, ...status } = entry.status;
    entry.status = {
      ...status,
      runs: { ...status.runs, [outcome]: status.runs[outcome] + 1 },
      failuresInARow:
        outcome === 'busy' ? status.failuresInARow : outcome === 'success' ? 0 : status.failuresInARow + 1,
      lastOutcome: outcome,
      lastDurationMs: endedAtMs - startedAtMs,
      ...(outcome === 'success' ? { lastSuccessAtMs: clock.now() } : {}),
      ...(lastError === undefined ? {} : { lastError }),
    };
    const run = { outcome, startedAtMs, endedAtMs, offlineInARow: entry.offlineInARow };
    const pauseMs = pauseAfter(run, entry.pass.periodMs, random());
    if (outcome === 'offline' && !stop.aborted)
      logger.warn(`The master cannot be used: the next ${name} pass is in ${Math.round(pauseMs / 1000)} s`, {
        pass: name,
      });
    return pauseMs;
  }
}
