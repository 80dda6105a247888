import { packageVitestConfig } from '../../config/vitest.ts';

/** Nodes start daemons and services, on machines that may be busy with the tests of other packages. */
const PATIENCE_MS = 120_000;

export default packageVitestConfig({ testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS });
