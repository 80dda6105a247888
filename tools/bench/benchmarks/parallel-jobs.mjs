import { makeBuildingNode } from '../instance-node.mjs';

const PARTITIONS = 8;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'parallel-jobs',
  row: 'P14',
  description: 'an instance pass that builds all its partitions, one and two at a time (the goal is 1.8 × as fast)',
  packages: ['@slapos/grid'],
  async prepare() {
    const node = await makeBuildingNode(PARTITIONS);
    let sequentialMs = Number.NaN;
    const makeCase = (/** @type {number} */ jobs) => ({
      label: `${jobs} at a time`,
      sizes: { partitions: PARTITIONS, jobs },
      beforeEach: () => node.change(PARTITIONS),
      run: () => node.run(PARTITIONS, { jobs }),
      figures: (/** @type {number} */ medianMs) => {
        if (jobs === 1) sequentialMs = medianMs;
        return { timesAsFast: Math.round((sequentialMs / medianMs) * 100) / 100 };
      },
    });
    return { cases: [makeCase(1), makeCase(2)], dispose: () => node.dispose() };
  },
};
