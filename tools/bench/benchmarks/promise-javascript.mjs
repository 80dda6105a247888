import { preparePromises } from '../promise-cases.mjs';

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'promise-javascript',
  row: 'P11',
  description: 'promises in JavaScript, and declarative ones, in a warm worker',
  packages: ['@slapos/host', '@slapos/promise'],
  prepare: () => preparePromises('javascript', { goalMsEach: 0.54 }),
};
