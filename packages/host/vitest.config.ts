import { packageVitestConfig } from '../../config/vitest.ts';

/** Processes that are started, raced and killed take their time on a busy machine; no test waits for a time-out to pass. */
const PATIENCE_MS = 60_000;

export default packageVitestConfig({ testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS });
