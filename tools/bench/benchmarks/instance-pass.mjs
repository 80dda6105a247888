import { checkUnchanged, contentedMaster, makeInstanceNode } from '../instance-node.mjs';

const RELEASE_URL = 'https://sr.example/software/web/software.cfg';
const TIMESTAMP = '1763800000';
const CASES = [
  { partitions: 1_000, goalMs: 97 },
  { partitions: 10_000, goalMs: 1_210 },
];

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'instance-pass',
  row: 'P1',
  description: 'an instance pass over started partitions that are as the master wants them',
  packages: ['@slapos/grid'],
  async prepare() {
    /** @type {(() => Promise<void>)[]} */
    const ends = [];
    /** @type {import('../measure.mjs').BenchmarkCase[]} */
    const cases = [];
    for (const { partitions, goalMs } of CASES) {
      const node = await makeInstanceNode({ partitions, releaseUrl: RELEASE_URL, timestamp: TIMESTAMP });
      ends.push(node.dispose);
      const master = contentedMaster(partitions, RELEASE_URL, TIMESTAMP);
      cases.push({
        label: 'nothing changed',
        sizes: { partitions },
        goalMs,
        run: async () => checkUnchanged(await node.runInstance(master), partitions),
      });
    }
    return {
      cases,
      async dispose() {
        for (const end of ends) await end();
      },
    };
  },
};
