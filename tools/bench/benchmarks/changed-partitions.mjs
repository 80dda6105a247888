import { makeBuildingNode } from '../instance-node.mjs';

const CHANGED = 10;
const SMALL = 100;
const LARGE = 10_000;
const MAX_RATIO = 1.2;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'changed-partitions',
  row: 'P3',
  description: `an instance pass in which ${CHANGED} partitions changed and are built anew, of few and of many (at most ${MAX_RATIO} × as long)`,
  packages: ['@slapos/grid'],
  async prepare() {
    const small = await makeBuildingNode(SMALL);
    const large = await makeBuildingNode(LARGE);
    let smallMs = Number.NaN;
    const sizes = { changed: CHANGED };
    return {
      cases: [
        {
          label: 'of few',
          sizes: { ...sizes, partitions: SMALL },
          beforeEach: () => small.change(CHANGED),
          run: () => small.run(CHANGED),
          figures: (medianMs) => {
            smallMs = medianMs;
            return {};
          },
        },
        {
          label: 'of many',
          sizes: { ...sizes, partitions: LARGE },
          beforeEach: () => large.change(CHANGED),
          run: () => large.run(CHANGED),
          figures: (medianMs) => ({ timesTheFew: Math.round((medianMs / smallMs) * 100) / 100 }),
        },
      ],
      async dispose() {
        await small.dispose();
        await large.dispose();
      },
    };
  },
};
