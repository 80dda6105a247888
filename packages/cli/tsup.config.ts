import { packageTsupConfig } from '../../config/tsup.ts';

export default packageTsupConfig({ entry: ['src/index.ts', 'src/commands/**/*.ts', '!src/**/*.test.ts'] });
