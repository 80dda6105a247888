import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLinuxHost, silentLogger } from '@slapos/host';
import { createSupervisordAdapter, writePartitionGroups, writeSupervisorEnvironment } from '@slapos/supervisor';

const GROUPS = 200;
const CHANGED = 10;
const NOBODY = 65534;

/** @typedef {import('@slapos/supervisor').Supervisor} Supervisor */

/**
 * A group that is never started: what is timed is the supervisor, not services.
 *
 * @param {string} instanceRoot
 * @param {number} index
 * @param {number} version another one is another configuration
 */
async function writeGroup(instanceRoot, index, version) {
  const name = `slappart${String(index)}`;
  const program = {
    id: 'web',
    processName: 'web-on-watch',
    command: ['/bin/sleep', String(600 + version)],
    directory: instanceRoot,
    uid: process.getuid?.() === 0 ? NOBODY : (process.getuid?.() ?? 0),
    gid: process.getuid?.() === 0 ? NOBODY : (process.getgid?.() ?? 0),
    userName: 'nobody',
    home: instanceRoot,
  };
  await writePartitionGroups(instanceRoot, name, [{ name, programs: [program] }]);
}

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'supervisor-update',
  row: 'P13',
  description: `${String(CHANGED)} changed of ${String(GROUPS)} groups: one reload for all, and one for each`,
  packages: ['@slapos/host', '@slapos/supervisor'],
  async prepare() {
    const host = createLinuxHost();
    /** @type {(() => Promise<void>)[]} */
    const ends = [];
    const cases = [];
    for (const kind of /** @type {const} */ (['supervisord', 'embedded'])) {
      const instanceRoot = await mkdtemp(path.join(os.tmpdir(), 'sv-bench-'));
      await writeSupervisorEnvironment({ instanceRoot });
      const supervisor = createSupervisordAdapter({
        instanceRoot,
        commands: host.commands,
        logger: silentLogger,
        kind,
      });
      ends.push(async () => {
        await supervisor.shutdown();
        await rm(instanceRoot, { recursive: true });
      });
      for (let index = 0; index < GROUPS; index += 1) await writeGroup(instanceRoot, index, 0);
      await supervisor.ensureRunning();
      await supervisor.update();
      let version = 0;
      const change = async () => {
        version += 1;
        for (let index = 0; index < CHANGED; index += 1) await writeGroup(instanceRoot, index, version);
      };
      const sizes = { groups: GROUPS, changed: CHANGED };
      cases.push(
        {
          label: `${kind}: one reload for the pass`,
          sizes: { ...sizes, reloads: 1 },
          beforeEach: change,
          run: () => supervisor.update(),
        },
        {
          label: `${kind}: a reload for each changed partition`,
          sizes: { ...sizes, reloads: CHANGED },
          beforeEach: () => {
            version += 1;
          },
          async run() {
            for (let index = 0; index < CHANGED; index += 1) {
              await writeGroup(instanceRoot, index, version);
              await supervisor.update();
            }
          },
        },
        {
          label: `${kind}: nothing changed`,
          sizes: { ...sizes, changed: 0, reloads: 1 },
          run: () => supervisor.update(),
        },
        {
          label: `${kind}: the states of all processes`,
          sizes: { processes: GROUPS + 1 },
          goalMs: 100,
          run: () => supervisor.allProcessInfo(),
        },
      );
    }
    return {
      cases,
      async dispose() {
        for (const end of ends) await end();
        await host[Symbol.asyncDispose]();
      },
    };
  },
};
