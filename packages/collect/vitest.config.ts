import { packageVitestConfig } from '../../config/vitest.ts';

export default packageVitestConfig();
