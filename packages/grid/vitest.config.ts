import { packageVitestConfig } from '../../config/vitest.ts';

export default packageVitestConfig({
  globalSetup: ['test/support/users.ts'],
});
