import { mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runSlapos } from './support/run-slapos.js';

/** The parts of V8's coverage that we read. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** What a run of the program loaded. */
interface Loaded {
  /** Its own files, relative to the package; pieces that commands share are all `chunk`. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Modules of CommonJS that were evaluated, by the path behind `node_modules/`. */
  readonly modules: readonly string[];
  /** Libraries with text in these files, whether it was used or not. */
  readonly libraries: readonly string[];
}

const PACKAGE = path.resolve(import.meta.dirname, '..');
/** What only masters, databases, parameters, pages and plug-ins need. */
const HEAVY = [
  'undici',
  'ky',
  'ajv',
  'ajv-formats',
  'better-sqlite3',
  'yaml',
  'kysely',
  'xmlbuilder2',
  'sucrase',
  'saxes',
  'zod',
  'minimatch',
  'tinyglobby',
  'ejs',
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-start-up-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the command under V8's coverage, which names everything that was compiled and called. */
async function loadedBy(words: readonly string[]): Promise<Loaded> {
  const coverage = path.join(folder, 'coverage');
  await runSlapos(words, { env: { NODE_V8_COVERAGE: coverage } });
  const [report = ''] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(path.join(coverage, report), 'utf8')) as Coverage;
  const scripts = result.filter(({ url }) => url.startsWith('file:'));
  const files = scripts.map(({ url }) => fileURLToPath(url));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const modules = scripts.flatMap(({ functions }) =>
    functions
      .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
      .flatMap(({ functionName }) => /node_modules\/(.+)/.exec(functionName)?.[1] ?? []),
  );
  const sources = await Promise.all(files.map(sourcesOf));
  return {
    files: [...new Set(files.map((file) => path.relative(PACKAGE, file).replace(/chunk-\w+\.js$/, 'chunk')))].sort(),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    modules,
    libraries: [
      ...new Set(sources.flat().flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? [])),
    ],
  };
}

async function sourcesOf(file: string): Promise<readonly string[]> {
  const map = await readFile(`${file}.map`, 'utf8').catch(() => undefined);
  return map === undefined ? [] : (JSON.parse(map) as { readonly sources: readonly string[] }).sources;
}

it.each(['--version', '--help'])('%s is answered by the starter alone', async (option) => {
  const { files, bytes, libraries } = await loadedBy([option]);
  expect(files).toEqual(['bin/run.js', 'dist/main.js']);
  expect(libraries).toEqual([]);
  expect(bytes).toBeLessThan(40_000);
});

it('node status loads neither libraries that others need, nor the parts of oclif that commands do not', async () => {
  const instanceRoot = path.join(folder, 'root');
  await mkdir(instanceRoot);
  const cfg = path.join(folder, 'slapos.cfg');
  await writeFile(
    cfg,
    `[slapos]\ninstance_root = ${instanceRoot}\nroot_check = false\nforbid_supervisord_automatic_launch = true\n`,
  );
  const { files, bytes, libraries, modules } = await loadedBy(['node', 'status', '--output', 'json', '--cfg', cfg]);
  expect(files).toContain('dist/commands/node/status.js');
  expect(libraries.filter((library) => HEAVY.includes(library))).toEqual([]);
  // One that is evaluated, so that the next line could see the others.
  expect(modules).toContain('@oclif/core/lib/parser/parse.js');
  expect(
    modules.filter((name) =>
      /^(?:@oclif\/core\/lib\/help\/(?!util)|minimatch|tinyglobby|semver|ejs|cli-spinners|wrap-ansi)/.test(name),
    ),
  ).toEqual([]);
  expect(bytes).toBeLessThan(480_000);
});
