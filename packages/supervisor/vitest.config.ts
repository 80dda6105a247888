import { packageVitestConfig } from '../../tools/config/vitest.ts';

export default packageVitestConfig();
