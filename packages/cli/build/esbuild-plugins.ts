import { createRequire } from 'node:module';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** A source of one of our other packages. */
const OWN_PACKAGE = /\/packages\/([a-z]+)\/src\/.*\.ts$/;

const WHOLE_ZOD = "import { z } from 'zod';";
const PARTS_OF_ZOD = "import * as z from 'zod';";

/** An import of values from one of our packages that is bundled. */
const PACKAGE_IMPORT = /^import \{([^}]*)\} from '@slapos\/(?!proxy')([a-z]+)';$/gm;
const EXPORTS_OF_FILE = /^export \{([^}]*)\} from '\.\/(.+)\.js';$/gm;
/** Beside the package that is being built, which is where its build runs. */
const PACKAGES = path.resolve('..');

/** Where each value lies that a package exports. */
const exportsOf = new Map<string, Promise<ReadonlyMap<string, string>>>();

/**
 * Imports values from the files that have them. Through the index of a package, esbuild counts all of it as needed by each command that
 * takes anything from it.
 */
async function importsOfFiles(text: string): Promise<string> {
  for (const name of new Set([...text.matchAll(PACKAGE_IMPORT)].map(([, , name = '']) => name)))
    if (!exportsOf.has(name)) exportsOf.set(name, readExports(name));
  const indexes = new Map(await Promise.all([...exportsOf].map(async ([name, found]) => [name, await found] as const)));
  return text.replace(PACKAGE_IMPORT, (_, names: string, name: string) =>
    valuesOf(names)
      .map((value) => {
        const file = indexes.get(name)?.get(value.split(' as ')[0] ?? '');
        return `import { ${value} } from '${file ?? `@slapos/${name}`}';`;
      })
      .join(' '),
  );
}

async function readExports(name: string): Promise<ReadonlyMap<string, string>> {
  const folder = path.join(PACKAGES, name, 'src');
  const index = await readFile(path.join(folder, 'index.ts'), 'utf8');
  return new Map(
    [...index.matchAll(EXPORTS_OF_FILE)].flatMap(([, names = '', file = '']) =>
      valuesOf(names)
        .filter((value) => !value.includes(' as '))
        .map((value) => [value, path.join(folder, `${file}.ts`)] as const),
    ),
  );
}

function valuesOf(names: string): string[] {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

/**
 * Keeps files that a package reads at run time where they are, in that package: a place that it derives from its own code is derived
 * from the installed package instead of the bundle.
 */
export const bundledAssets: Plugin = {
  name: 'bundled-assets',
  setup(build) {
    build.onLoad({ filter: OWN_PACKAGE }, async ({ path: file }) => {
      const name = OWN_PACKAGE.exec(file)?.[1] ?? '';
      const text = await importsOfFiles((await readFile(file, 'utf8')).replace(WHOLE_ZOD, PARTS_OF_ZOD));
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

/** Sources of libraries that became files of their own. */
const bundledApart = new Set<string>();

/** Libraries that oclif needs for plug-ins, help and terminals only: half of all that comes with it. */
const RARELY_USED =
  /^(?:minimatch|tinyglobby|cli-spinners|ejs|lilconfig|wrap-ansi|ansi-escapes|string-width|widest-line|indent-string|clean-stack|wordwrap|supports-color|wsl-utils)$/;
/** Where they lie in the output. */
const APART = 'oclif';

/**
 * A command needs oclif's parser and little else, but each module of oclif loads all others: help, plug-in finder, spinners. Here each
 * loads another when it first uses it, and libraries that are rarely used are files of their own.
 */
export const oclifWhenUsed: Plugin = {
  name: 'oclif-when-used',
  setup(build) {
    const apart = new Map<string, string>();
    build.onResolve({ filter: RARELY_USED }, ({ path: name, importer, kind }) => {
      if (kind !== 'require-call' || !importer.includes('/@oclif/core/lib/')) return undefined;
      apart.set(name, createRequire(importer).resolve(name));
      return { path: `./${APART}/${name}.cjs`, external: true };
    });
    build.onEnd(async () => {
      if (apart.size === 0) return;
      const { outputs } = await build.esbuild
        .build({
          entryPoints: Object.fromEntries(apart),
          outdir: path.join(build.initialOptions.outdir ?? 'dist', APART),
          outExtension: { '.js': '.cjs' },
          bundle: true,
          platform: 'node',
          format: 'cjs',
          target: 'node20',
          minifyWhitespace: true,
          minifySyntax: true,
          metafile: true,
        })
        .then(({ metafile }) => metafile);
      for (const { inputs } of Object.values(outputs)) for (const file of Object.keys(inputs)) bundledApart.add(file);
    });
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
      const used = Object.values(metafile.outputs)
        .flatMap(({ inputs }) => Object.keys(inputs))
        .concat([...bundledApart]);
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
