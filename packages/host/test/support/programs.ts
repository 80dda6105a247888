import path from 'node:path';

import { build } from 'tsup';

const PACKAGE = path.join(import.meta.dirname, '..', '..');
const OUT = path.join(PACKAGE, 'test-results', 'programs');

/** Compiles the small programs of `test/programs`, which run this package's code in processes of their own that tests may kill. */
export async function buildPrograms(...names: readonly string[]): Promise<Record<string, string>> {
  const outDir = path.join(OUT, `${String(process.pid)}-${names.join('-')}`);
  await build({
    config: false,
    silent: true,
    entry: {
      ...Object.fromEntries(names.map((name) => [name, path.join(PACKAGE, 'test', 'programs', `${name}.ts`)])),
      'spawn-helper': path.join(PACKAGE, 'src', 'commands', 'spawn-helper.js'),
    },
    outDir,
    format: 'esm',
    outExtension: () => ({ js: '.js' }),
    target: 'node20',
    platform: 'node',
    splitting: true,
    dts: false,
    clean: true,
  });
  return Object.fromEntries(names.map((name) => [name, path.join(outDir, `${name}.js`)]));
}
