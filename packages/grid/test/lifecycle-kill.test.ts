import { chmod } from 'node:fs/promises';
import path from 'node:path';

import { createLinuxHost, silentLogger } from '@slapos/host';
import { execa } from 'execa';
import { expect, test } from 'vitest';

import { bundlePassProgram } from './support/bundle.js';
import { spreadPoints, wasKilled } from './support/kill-points.js';
import { type Phase, PHASES, runPhase } from './support/lifecycle.js';
import { temporaryNode, type TemporaryNode } from './support/node.js';
import { snapshot } from './support/snapshot.js';
import { isTorture, rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

const PARTITIONS = rounds(2, 14);
const POINTS_PER_PHASE = rounds(1, Number.POSITIVE_INFINITY);
const LEAST_POINTS = rounds(6, 2000);
/** Nodes on which points are tried beside each other. */
const NODES = rounds(1, 2);

/** A node that can be set back to where a phase began. */
class Life implements AsyncDisposable {
  readonly #node: TemporaryNode;
  readonly #host = createLinuxHost();

  constructor(node: TemporaryNode) {
    this.#node = node;
  }

  static async create(): Promise<Life> {
    const node = await temporaryNode();
    for (let index = 0; index < PARTITIONS; index += 1) await node.addPartition(`slappart${String(index)}`);
    await chmod(node.directory, 0o755);
    return new Life(node);
  }

  get options(): { softwareRoot: string; instanceRoot: string; partitions: number } {
    const { softwareRoot, instanceRoot } = this.#node;
    return { softwareRoot, instanceRoot, partitions: PARTITIONS };
  }

  async run(phase: Phase): Promise<string> {
    return (await runPhase(phase, this.options, { host: this.#host, logger: silentLogger })).outcome;
  }

  async keep(phase: Phase): Promise<void> {
    await execa('tar', ['-C', this.#node.directory, '-cf', this.#kept(phase), 'soft', 'inst']);
  }

  async restore(phase: Phase): Promise<void> {
    const { directory, softwareRoot, instanceRoot } = this.#node;
    await execa('rm', ['-rf', softwareRoot, instanceRoot]);
    await execa('tar', ['-C', directory, '-xpf', this.#kept(phase)]);
  }

  async state(): Promise<Record<string, string>> {
    const { directory, softwareRoot, instanceRoot } = this.#node;
    const all = { soft: await snapshot(softwareRoot), inst: await snapshot(instanceRoot) };
    const text = JSON.stringify(all).replaceAll(directory, '@NODE@');
    const { soft, inst } = JSON.parse(text) as typeof all;
    return { ...soft, ...inst };
  }

  #kept(phase: Phase): string {
    return path.join(this.#node.directory, `${phase}.tar`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
    await this.#node[Symbol.asyncDispose]();
  }
}

test(
  'whatever the instant at which the agent is killed, the next pass ends where an undisturbed one does',
  async () => {
    await using program = await bundlePassProgram();
    const points: { phase: Phase; point: number }[] = [];
    const wanted = new Map<Phase, Record<string, string>>();
    const lives = await Promise.all(Array.from({ length: NODES }, () => Life.create()));
    const [first] = lives;
    try {
      for (const phase of PHASES) {
        for (const life of lives) {
          await life.keep(phase);
          const end = await program.run({ ...life.options, phase });
          expect(end?.outcome, phase).toBe('success');
          if (life === first) {
            const chosen = spreadPoints(end?.count ?? 0, POINTS_PER_PHASE);
            points.push(...chosen.map((point) => ({ phase, point })));
            wanted.set(phase, await life.state());
          } else expect(await life.state(), phase).toEqual(wanted.get(phase));
        }
      }
      const counts = PHASES.map((phase) => `${phase} ${String(points.filter((one) => one.phase === phase).length)}`);
      if (isTorture) process.stderr.write(`kill points: ${counts.join(', ')}\n`);
      expect(points.length).toBeGreaterThanOrEqual(LEAST_POINTS);
      const queue = points.values();
      const work = async (life: Life): Promise<void> => {
        for (const { phase, point } of queue) {
          const where = `${phase}, after a kill at ${String(point)}`;
          await life.restore(phase);
          expect(wasKilled(await program.run({ ...life.options, phase, killAt: point }), point), where).toBe(true);
          expect(await life.run(phase), where).toBe('success');
          expect(await life.state(), where).toEqual(wanted.get(phase));
        }
      };
      await Promise.all(lives.map(work));
    } finally {
      for (const life of lives) await life[Symbol.asyncDispose]();
    }
  },
  TORTURE_TIMEOUT_MS,
);
