import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { build } from 'tsup';

import type { PassProcessOptions, PassProcessReport } from './pass-process.js';

/** `pass-process.ts` as one JavaScript file that any user of the machine can read. */
export interface PassProgram extends AsyncDisposable {
  /** Runs a pass; `undefined` when it was killed. */
  run(options: PassProcessOptions, user?: { uid: number; gid: number }): Promise<PassProcessReport | undefined>;
}

/** Bundles the program once for a test file. */
export async function bundlePassProgram(): Promise<PassProgram> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sgp-'));
  await chmod(directory, 0o755);
  const here = path.dirname(fileURLToPath(import.meta.url));
  // One level below the assets, as in the package.
  const outDir = path.join(directory, 'dist');
  await build({
    config: false,
    silent: true,
    entry: [path.join(here, 'pass-process.ts')],
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    dts: false,
    splitting: false,
    noExternal: [/./],
    clean: true,
    tsconfig: path.join(here, '../../tsconfig.json'),
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    esbuildOptions(options) {
      options.conditions = ['@slapos/source', 'import', 'module'];
    },
    publicDir: false,
  });
  const { cp } = await import('node:fs/promises');
  await cp(path.join(here, '../../assets'), path.join(directory, 'assets'), { recursive: true });
  const { readdir } = await import('node:fs/promises');
  const [file = ''] = (await readdir(outDir)).filter((name) => name.endsWith('js'));
  return {
    async run(options, user) {
      const result = await execa(process.execPath, [path.join(outDir, file), JSON.stringify(options)], {
        cwd: '/',
        reject: false,
        ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      });
      if (result.signal === 'SIGKILL') return undefined;
      if (result.exitCode !== 0) throw new Error(`the pass ended with ${String(result.exitCode)}: ${result.stderr}`);
      return JSON.parse(result.stdout) as PassProcessReport;
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
