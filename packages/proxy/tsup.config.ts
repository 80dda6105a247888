import { packageTsupConfig } from '../../config/tsup.ts';

export default packageTsupConfig({ entry: ['src/{index,small-heap}.ts'] });
