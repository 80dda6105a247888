import { packageVitestConfig } from '../config/vitest.ts';

/** Installing packages and building Software Releases is slow on a small machine. */
const E2E_TIMEOUT_MS = 300_000;

export default packageVitestConfig({
  include: ['test/**/*.test.ts'],
  globalSetup: ['test/support/global-setup.ts'],
  testTimeout: E2E_TIMEOUT_MS,
  hookTimeout: E2E_TIMEOUT_MS,
});
