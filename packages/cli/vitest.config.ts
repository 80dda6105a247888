import { packageVitestConfig } from '../../config/vitest.ts';

/** Many tests start the command several times, on machines that may be busy with other packages' tests. */
const PATIENCE_MS = 120_000;

export default packageVitestConfig({ testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS });
