import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** A source of one of our other packages. */
const OWN_PACKAGE = /\/packages\/([a-z]+)\/src\/.*\.ts$/;

const WHOLE_ZOD = "import { z } from 'zod';";
const PARTS_OF_ZOD = "import * as z from 'zod';";

/**
 * Keeps files that a package reads at run time where they are, in that package: a place that it derives from its own code is derived
 * from the installed package instead of the bundle.
 */
export const bundledAssets: Plugin = {
  name: 'bundled-assets',
  setup(build) {
    build.onLoad({ filter: OWN_PACKAGE }, async ({ path: file }) => {
      const name = OWN_PACKAGE.exec(file)?.[1] ?? '';
      const text = (await readFile(file, 'utf8')).replace(WHOLE_ZOD, PARTS_OF_ZOD);
      const contents =
        name === 'cli' ? text : text.replaceAll('import.meta.url', `import.meta.resolve('@slapos/${name}')`);
      return { contents, loader: 'ts' };
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

/** Statements in which compiled TypeScript loads another module; what it needs of that it looks up in it, each time. */
const LOADS = /^(?:const|var) (\w+) = ((?:__import(?:Default|Star)\()?require\("[^"]+"\)\)?);$/gm;
const LOADS_AND_EXPORTS = /^exports\.(\w+) = (__importStar\(require\("[^"]+"\)\));$/gm;
/** Compares our Node.js with the package.json of oclif, which a bundle has not. */
const NODE_CHECK = /^checkNodeVersion\(\);$/m;
const LATER =
  'const $later = (load) => { let it; return new Proxy({}, { get: (_, name) => (it ??= load())[name] }); };';

/**
 * A command needs oclif's parser and little else, but each module of oclif loads all others: help, plug-in finder, spinners. Here each
 * loads another when it first uses it.
 */
export const oclifWhenUsed: Plugin = {
  name: 'oclif-when-used',
  setup(build) {
    build.onLoad({ filter: /\/@oclif\/core\/lib\/.*\.js$/ }, async ({ path: file }) => {
      const text = (await readFile(file, 'utf8'))
        .replaceAll(LOADS, 'const $1 = $$later(() => $2);')
        .replaceAll(LOADS_AND_EXPORTS, 'Object.defineProperty(exports, "$1", { enumerable: true, get: () => $2 });')
        .replace(NODE_CHECK, '');
      return { contents: `${LATER}${text}`, loader: 'js' };
    });
  },
};

/** The folder of a package in a path below `node_modules`. */
const PACKAGE_FOLDER = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const LICENCE_FILE = /^(?:licen[cs]e|copying)(?:[-.].*)?$/i;

/** Writes down whose code is in the bundle, with the licence of each: most ask for that. */
export const thirdPartyLicences: Plugin = {
  name: 'third-party-licences',
  setup(build) {
    build.onEnd(async ({ metafile, errors }) => {
      if (metafile === undefined || errors.length > 0) return;
      const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
      const folders = new Set(
        used.flatMap((file) => {
          const folder = PACKAGE_FOLDER.exec(path.resolve(file))?.[1];
          return folder === undefined ? [] : [folder];
        }),
      );
      const notices = await Promise.all([...folders].map(noticeOf));
      const outdir = build.initialOptions.outdir ?? 'dist';
      await mkdir(outdir, { recursive: true });
      await writeFile(path.join(outdir, 'third-party-licenses.txt'), [...new Set(notices)].sort().join('\n'));
    });
  },
};

async function noticeOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const file = (await readdir(folder)).find((name) => LICENCE_FILE.test(name));
  const text = file === undefined ? '' : await readFile(path.join(folder, file), 'utf8');
  return `${manifest.name} ${manifest.version} (${manifest.license ?? 'no licence named'})\n\n${text.trim()}\n\n${'-'.repeat(80)}\n`;
}
