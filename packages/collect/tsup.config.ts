import { packageTsupConfig } from '../../config/tsup.ts';

export default packageTsupConfig();
