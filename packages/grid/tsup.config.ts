import { packageTsupConfig } from '../../tools/config/tsup.ts';

export default packageTsupConfig();
