import { packageTsupConfig } from '../../config/tsup.ts';

export default packageTsupConfig({ entry: ['src/{index,compat,testing,vitest,node-test,watchdog}.ts'] });
