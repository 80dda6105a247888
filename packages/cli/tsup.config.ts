import type { Options } from 'tsup';
import { packageTsupConfig } from '../../config/tsup.ts';
import { bundledAssets, englishOnly, oclifWhenUsed, thirdPartyLicences } from './build/esbuild-plugins.ts';

/** oclif can compile commands of plug-ins under development; the mini-master starts slowly anyway; SQLite is native. */
const NOT_BUNDLED = ['typescript', 'ts-node', '@slapos/proxy', 'better-sqlite3'];

/**
 * At the start of a command, finding and reading hundreds of files takes longer than running them: our packages and their libraries are
 * bundled, so that a command is a few files.
 */
const bundled: Options = {
  noExternal: [/^(?!@slapos\/proxy$|typescript$|ts-node$|better-sqlite3$)/],
  external: NOT_BUNDLED,
  esbuildOptions: (options) => {
    // From the sources, so that what a command does not use is left out of it.
    options.conditions = ['@slapos/source', 'module'];
    // Compiling takes as long as there is text. Names stay, and with --debug the maps say where something stands.
    options.minifyWhitespace = true;
    options.minifySyntax = true;
    options.sourcesContent = false;
  },
  esbuildPlugins: [bundledAssets, englishOnly, oclifWhenUsed],
  // Libraries that were written for CommonJS ask for Node.js's own modules in its way.
  banner: {
    js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
  },
};

/** What the starter loads when it is needed. */
const loadedLater = /^\.\/(?:run-command|plugins\/catalogue-with-plugins|completion\/complete-words)\.js$/;

export default [
  // What starts is one small file; it loads the rest when it is needed.
  packageTsupConfig({
    ...bundled,
    entry: ['src/main.ts'],
    noExternal: [/^@slapos\/host$/],
    external: [loadedLater],
    dts: false,
    clean: false,
    splitting: false,
  }),
  packageTsupConfig({
    ...bundled,
    entry: [
      'src/{index,run-command,watchdog,write-man-pages}.ts',
      'src/plugins/catalogue-with-plugins.ts',
      'src/completion/complete-words.ts',
      'src/commands/**/*.ts',
      '!src/**/*.test.ts',
    ],
    esbuildPlugins: [bundledAssets, englishOnly, oclifWhenUsed, thirdPartyLicences],
    clean: false,
    // Commands are loaded by oclif; only the library has types that somebody reads.
    dts: { entry: ['src/index.ts'], compilerOptions: { ignoreDeprecations: '6.0' } },
  }),
];
