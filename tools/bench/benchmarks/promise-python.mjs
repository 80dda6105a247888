import { preparePromises } from '../promise-cases.mjs';

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'promise-python',
  row: 'P12',
  description: 'Python plug-ins, forked from one process',
  packages: ['@slapos/host', '@slapos/promise'],
  prepare: () => preparePromises('python', { goalMsEach: 6.83 }),
};
