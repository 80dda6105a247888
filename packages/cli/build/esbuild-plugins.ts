import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** A source of one of our other packages. */
const OWN_PACKAGE = /\/packages\/([a-z]+)\/src\/.*\.ts$/;

/**
 * Keeps files that a package reads at run time where they are, in that package: a place that it derives from its own code is derived
 * from the installed package instead of the bundle.
 */
export const bundledAssets: Plugin = {
  name: 'bundled-assets',
  setup(build) {
    build.onLoad({ filter: OWN_PACKAGE }, async ({ path }) => {
      const name = OWN_PACKAGE.exec(path)?.[1] ?? '';
      if (name === 'cli') return undefined;
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', `import.meta.resolve('@slapos/${name}')`), loader: 'ts' };
    });
  },
};

/** Half of zod is its messages in fifty languages; ours are in English. */
export const englishOnly: Plugin = {
  name: 'english-only',
  setup(build) {
    build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};
