import { preparePromises } from '../promise-cases.mjs';

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'promise-executable',
  row: 'P10',
  description: 'executables that end with status 0, each in a process of its own',
  packages: ['@slapos/host', '@slapos/promise'],
  prepare: () => preparePromises('executable', { goalMsEach: 2.73 }),
};
