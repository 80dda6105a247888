import { packageTsupConfig } from '../../config/tsup.ts';

export default packageTsupConfig({
  // The helper is a program of its own: it keeps its file, beside the code that starts it.
  entry: { index: 'src/index.ts', testing: 'src/testing.ts', 'spawn-helper': 'src/commands/spawn-helper.js' },
  dts: {
    entry: { index: 'src/index.ts', testing: 'src/testing.ts' },
    compilerOptions: { ignoreDeprecations: '6.0', allowJs: false, checkJs: false },
  },
});
