import { ManualClock, RecordingLogger } from '@slapos/host/testing';
import { SlapError } from '@slapos/slap';
import { describe, expect, it, vi } from 'vitest';

import { NodeDaemon, type ScheduledPass } from './daemon.js';
import type { ScheduledOutcome } from './schedule.js';

const MINUTE = 60_000;
const PATIENCE = { timeout: 30_000, interval: 10 };

/** Passes that end when the test says so. */
class Bench {
  readonly clock = new ManualClock(0);
  readonly logger = new RecordingLogger();
  readonly stop = new AbortController();
  readonly begun: string[] = [];
  readonly #ends = new Map<string, (outcome: ScheduledOutcome | Error) => void>();

  pass(name: string, periodMs = MINUTE): ScheduledPass {
    return {
      name,
      periodMs,
      run: () =>
        new Promise((resolve, reject) => {
          this.begun.push(name);
          this.#ends.set(name, (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
        }),
    };
  }

  daemon(...passes: ScheduledPass[]): NodeDaemon {
    return new NodeDaemon(passes, { clock: this.clock, logger: this.logger, random: () => 0.5 });
  }

  /** Ends a run, and waits until the pass sleeps. */
  async end(daemon: NodeDaemon, name: string, outcome: ScheduledOutcome | Error): Promise<void> {
    const before = statusOf(daemon, name);
    this.#ends.get(name)?.(outcome);
    await vi.waitFor(() => expect(total(statusOf(daemon, name).runs)).toBe(total(before.runs) + 1), PATIENCE);
  }
}

function total(runs: Readonly<Record<string, number>>): number {
  return Object.values(runs).reduce((sum, number) => sum + number, 0);
}

function statusOf(daemon: NodeDaemon, name: string): ReturnType<NodeDaemon['status']>[number] {
  const status = daemon.status().find((each) => each.name === name);
  if (status === undefined) throw new Error(`no pass ${name}`);
  return status;
}

describe('NodeDaemon', () => {
  it('runs every pass at once, and each again after its own period', async () => {
    const bench = new Bench();
    const daemon = bench.daemon(bench.pass('software', 5 * MINUTE), bench.pass('instance', MINUTE));
    const running = daemon.run(bench.stop.signal);
    expect(bench.begun).toEqual(['software', 'instance']);
    await bench.end(daemon, 'software', 'success');
    await bench.end(daemon, 'instance', 'success');
    await vi.waitFor(() => expect(bench.clock.sleeping).toBe(2), PATIENCE);
    bench.clock.advance(MINUTE);
    await vi.waitFor(() => expect(bench.begun).toEqual(['software', 'instance', 'instance']), PATIENCE);
    expect(statusOf(daemon, 'instance')).toMatchObject({ runningSinceMs: MINUTE, lastSuccessAtMs: 0 });
    expect(statusOf(daemon, 'software')).toMatchObject({ nextRunAtMs: 5 * MINUTE, runs: { success: 1 } });
    await bench.end(daemon, 'instance', 'success');
    bench.stop.abort();
    await running;
  });

  it('comes back ever later to a master that is lost, and at once to its period when it is back', async () => {
    const bench = new Bench();
    const daemon = bench.daemon(bench.pass('instance', MINUTE));
    const running = daemon.run(bench.stop.signal);
    const lost = new SlapError('SLAP_CONNECTION_FAILED', 'nobody answers');
    for (const [outcome, pauseMs] of [
      ['offline', 7500],
      [lost, 15_000],
      ['offline', 30_000],
      ['success', MINUTE],
      ['offline', 7500],
    ] as const) {
      await bench.end(daemon, 'instance', outcome);
      await vi.waitFor(() => expect(bench.clock.sleeping).toBe(1), PATIENCE);
      expect(statusOf(daemon, 'instance').nextRunAtMs).toBe(bench.clock.now() + pauseMs);
      const before = bench.begun.length;
      bench.clock.advance(pauseMs);
      await vi.waitFor(() => expect(bench.begun).toHaveLength(before + 1), PATIENCE);
    }
    await bench.end(daemon, 'instance', 'success');
    bench.stop.abort();
    await running;
    expect(statusOf(daemon, 'instance')).toMatchObject({ failuresInARow: 0, runs: { offline: 4, success: 2 } });
  });

  it('goes on after an error, and says what it was', async () => {
    const bench = new Bench();
    const daemon = bench.daemon(bench.pass('report'));
    const running = daemon.run(bench.stop.signal);
    await bench.end(daemon, 'report', new Error('the disk is full'));
    expect(statusOf(daemon, 'report')).toMatchObject({
      lastOutcome: 'failure',
      lastError: 'the disk is full',
      failuresInARow: 1,
    });
    expect(bench.logger.records.map(({ message }) => message)).toEqual(['The report pass failed: the disk is full']);
    await vi.waitFor(() => expect(bench.clock.sleeping).toBe(1), PATIENCE);
    bench.clock.advance(MINUTE);
    await vi.waitFor(() => expect(bench.begun).toHaveLength(2), PATIENCE);
    await bench.end(daemon, 'report', 'success');
    expect(statusOf(daemon, 'report').lastError).toBeUndefined();
    bench.stop.abort();
    await running;
  });

  it('ends only after the passes that run', async () => {
    const bench = new Bench();
    const daemon = bench.daemon(bench.pass('software'), bench.pass('instance'));
    let hasEnded = false;
    const running = daemon.run(bench.stop.signal).then(() => (hasEnded = true));
    await bench.end(daemon, 'instance', 'success');
    bench.stop.abort();
    await vi.waitFor(() => expect(bench.clock.sleeping).toBe(0), PATIENCE);
    expect(hasEnded).toBe(false);
    await bench.end(daemon, 'software', 'failure');
    await running;
    expect(bench.begun).toEqual(['software', 'instance']);
  });

  it('runs a pass once more when it is asked for during a run, however often', async () => {
    const bench = new Bench();
    const daemon = bench.daemon(bench.pass('instance'));
    const running = daemon.run(bench.stop.signal);
    expect([daemon.runNow('instance'), daemon.runNow('instance'), daemon.runNow('other')]).toEqual([true, true, false]);
    await bench.end(daemon, 'instance', 'success');
    await vi.waitFor(() => expect(bench.begun).toHaveLength(2), PATIENCE);
    await bench.end(daemon, 'instance', 'success');
    await vi.waitFor(() => expect(bench.clock.sleeping).toBe(1), PATIENCE);
    daemon.runNow('instance');
    await vi.waitFor(() => expect(bench.begun).toHaveLength(3), PATIENCE);
    await bench.end(daemon, 'instance', 'success');
    bench.stop.abort();
    await running;
  });

  it('takes other passes and periods while it runs', async () => {
    const bench = new Bench();
    const daemon = bench.daemon(bench.pass('software'), bench.pass('report'));
    const running = daemon.run(bench.stop.signal);
    await bench.end(daemon, 'software', 'success');
    await bench.end(daemon, 'report', 'success');
    await vi.waitFor(() => expect(bench.clock.sleeping).toBe(2), PATIENCE);
    daemon.reload([bench.pass('instance'), bench.pass('software', 2 * MINUTE)]);
    await vi.waitFor(() => expect(bench.begun).toEqual(['software', 'report', 'instance', 'software']), PATIENCE);
    expect(daemon.status().map(({ name, periodMs }) => [name, periodMs])).toEqual([
      ['instance', MINUTE],
      ['software', 2 * MINUTE],
    ]);
    expect(statusOf(daemon, 'software').runs.success).toBe(1);
    await bench.end(daemon, 'software', 'success');
    await bench.end(daemon, 'instance', 'success');
    await vi.waitFor(() => expect(bench.clock.sleeping).toBe(2), PATIENCE);
    bench.stop.abort();
    await running;
  });
});
