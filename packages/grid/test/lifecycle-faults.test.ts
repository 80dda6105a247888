import fs from 'node:fs';
import { chmod } from 'node:fs/promises';

import { createLinuxHost, silentLogger } from '@slapos/host';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';

import { type Phase, type PhaseEnd, PHASES, runPhase } from './support/lifecycle.js';
import { temporaryNode } from './support/node.js';
import { snapshot } from './support/snapshot.js';
import { isTorture, rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'EINTR'] as const;
/** Every call of the system that the passes make, but close: an error of close says nothing that fsync did not. */
const CALLS = [
  'openSync',
  'fstatSync',
  'lstatSync',
  'readSync',
  'writeSync',
  'fchmodSync',
  'fchownSync',
  'renameSync',
  'mkdirSync',
  'symlinkSync',
  'readlinkSync',
  'readdirSync',
  'opendirSync',
  'unlinkSync',
  'rmdirSync',
] as const;

const PARTITIONS = 2;
/** Points of each phase for each code. */
const POINTS = rounds(1, 100);

/** Most are below the node; what an instance left in a folder for everybody is not. */
const NAMED_PATH = /"?\/(?:[\w.-]+\/)+[\w.-]+/;

interface Injection {
  readonly count: () => number;
  /** The call that failed, and what it was about. */
  readonly failed: () => string | undefined;
}

/** Counts the calls that concern the disk, and lets the one with this number fail. */
function injectAt(failing: number, code: string): Injection {
  let count = 0;
  let failed: string | undefined;
  for (const call of CALLS) {
    const original: (...args: never[]) => unknown = fs[call];
    const watched = function (this: unknown, ...args: never[]): unknown {
      // What is read about processes is not the disk's business.
      if (/^\/proc\/(?!self\/fd\/)/.test(String(args[0]))) return Reflect.apply(original, this, args);
      count += 1;
      if (count !== failing) return Reflect.apply(original, this, args);
      failed = `${call} ${String(args[0])}`;
      throw Object.assign(new Error(`${code}: injected, ${call}`), { code, syscall: call });
    };
    vi.spyOn(fs, call).mockImplementation(watched as never);
  }
  return { count: () => count, failed: () => failed };
}

/** The files and folders of disks that this process has open. */
function openFiles(): string[] {
  return fs
    .readdirSync('/proc/self/fd')
    .map((name) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${name}`);
      } catch {
        return ''; // the one with which this folder was read
      }
    })
    .filter((target) => target.startsWith('/') && !target.startsWith('/proc/') && !target.startsWith('/dev/'))
    .sort();
}

/** All that an error says, with what it was caused by. */
function wholeText(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${wholeText(error.cause)}` : '';
}

test(
  'a call of the system that fails names the path, harms no other partition, and the next pass heals',
  async () => {
    await using node = await temporaryNode();
    await chmod(node.directory, 0o755);
    for (let index = 0; index < PARTITIONS; index += 1) await node.addPartition(`slappart${String(index)}`);
    const { directory, softwareRoot, instanceRoot } = node;
    await using host = createLinuxHost();
    const run = (phase: Phase): Promise<PhaseEnd> =>
      runPhase(phase, { softwareRoot, instanceRoot, partitions: PARTITIONS }, { host, logger: silentLogger });
    const state = async (): Promise<Record<string, string>> => ({
      ...(await snapshot(softwareRoot)),
      ...(await snapshot(instanceRoot)),
    });
    const restore = async (kept: string): Promise<void> => {
      await execa('rm', ['-rf', softwareRoot, instanceRoot]);
      await execa('tar', ['-C', directory, '-xpf', kept]);
    };
    const openBefore = openFiles();
    const tried = new Map<string, number>();
    for (const [phaseIndex, phase] of PHASES.entries()) {
      const kept = `${directory}/${phase}.tar`;
      await execa('tar', ['-C', directory, '-cf', kept, 'soft', 'inst']);
      const counter = injectAt(0, '');
      expect((await run(phase)).outcome, phase).toBe('success');
      const total = counter.count();
      vi.restoreAllMocks();
      const wanted = await state();
      for (const [index, code] of CODES.entries()) {
        // The short form tries each way to fail in two of the phases.
        if (!isTorture && (phaseIndex + index) % 3 !== 0) continue;
        const step = total / POINTS;
        for (let point = 0; point < POINTS; point += 1) {
          const failing = 1 + Math.floor((point + (index + 0.5) / CODES.length) * step);
          await restore(kept);
          const injection = injectAt(failing, code);
          let end: PhaseEnd;
          try {
            end = await run(phase);
          } catch (error) {
            end = { outcome: 'thrown', errors: [error as Error] };
          }
          const failed = injection.failed();
          vi.restoreAllMocks();
          if (failed === undefined) continue; // How often a log is written depends on the time.
          const where = `${phase}: ${code} at ${String(failing)} of ${String(total)}, ${failed}`;
          tried.set(code, (tried.get(code) ?? 0) + 1);
          if (end.outcome !== 'success') {
            expect(end.errors.length, where).toBeGreaterThan(0);
            for (const error of end.errors) expect(wholeText(error), where).toMatch(NAMED_PATH);
          }
          expect((await run(phase)).outcome, where).toBe('success');
          expect(await state(), where).toEqual(wanted);
        }
      }
      await restore(kept);
      await run(phase);
    }
    const counts = CODES.map((code) => tried.get(code) ?? 0);
    if (isTorture)
      process.stderr.write(
        `failing calls: ${CODES.map((code, index) => `${code} ${String(counts[index])}`).join(', ')}\n`,
      );
    for (const count of counts) expect(count).toBeGreaterThanOrEqual(rounds(1, 500));
    // Pipes of programs that have just ended are closed by the event loop; files are closed by us.
    expect(openFiles()).toEqual(openBefore);
  },
  TORTURE_TIMEOUT_MS,
);
