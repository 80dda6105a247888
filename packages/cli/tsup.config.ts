import { packageTsupConfig } from '../../config/tsup.ts';

export default packageTsupConfig({
  entry: ['src/index.ts', 'src/main.ts', 'src/watchdog.ts', 'src/commands/**/*.ts', '!src/**/*.test.ts'],
  // Commands are loaded by oclif; only the library has types that somebody reads.
  dts: { entry: ['src/index.ts'], compilerOptions: { ignoreDeprecations: '6.0' } },
});
