import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PACKAGES = new URL('../../../packages/', import.meta.url);

/** @returns {string[]} */
function packageNames() {
  return readdirSync(PACKAGES).map((folder) => {
    const manifest = /** @type {{ name: string }} */ (
      JSON.parse(readFileSync(new URL(`${folder}/package.json`, PACKAGES), 'utf8'))
    );
    return manifest.name;
  });
}

/** @param {string} script */
function run(script) {
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: fileURLToPath(PACKAGES) });
}

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'import',
  row: '-',
  description: 'a process that imports a package and ends, beside one that imports nothing',
  packages: packageNames(),
  prepare: () =>
    Promise.resolve({
      cases: [
        { label: 'nothing', sizes: {}, run: () => run('') },
        ...packageNames().map((name) => ({ label: name, sizes: {}, run: () => run(`await import('${name}')`) })),
      ],
    }),
};
