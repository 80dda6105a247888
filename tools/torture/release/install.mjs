import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { build } from 'esbuild';

const PROGRAM_MODE = 0o755;
const FOLDER_MODE = 0o755;

/**
 * Writes the program that stands in for buildout, for all users of the machine.
 *
 * @param {{ buildout: string, release: string, usage: string }} layout
 */
export async function installRelease({ buildout, release, usage }) {
  await mkdir(path.dirname(buildout), { recursive: true, mode: FOLDER_MODE });
  await build({
    entryPoints: [path.join(import.meta.dirname, 'program.mjs')],
    outfile: release,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  await writeFile(
    buildout,
    `#!${process.execPath}\nprocess.argv.splice(2, 0, ${JSON.stringify(release)}, ${JSON.stringify(usage)});\nimport(${JSON.stringify(release)});\n`,
  );
  await chmod(buildout, PROGRAM_MODE);
}
