import { packageVitestConfig } from '../../config/vitest.ts';

export default packageVitestConfig({
  globalSetup: ['test/support/users.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
});
