import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { execa } from 'execa';
import { build } from 'tsup';

/** What `@slapos/slap` checks parameters with is in its folder, not in ours. */
const NOT_OF_THIS_PACKAGE = /^(?:ajv|fast-|json-schema-traverse|require-from-string)/;
const PACKAGE_FOLDER = join(import.meta.dirname, '../..');

/** A folder that is gone after the test. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'slapos-proxy-'));
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Bundles a program of ours, by default the one of that name in this folder, so that a plain Node.js can run it; gives its path. */
export async function bundleProgram(name: string, source = join(import.meta.dirname, `${name}.ts`)): Promise<string> {
  const outDir = join(PACKAGE_FOLDER, 'test-results', 'programs');
  await build({
    config: false,
    entry: { [name]: source },
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    removeNodeProtocol: false,
    // Everything of ours is in the bundle; what npm installed is found from its folder.
    noExternal: [/^@slapos\//, NOT_OF_THIS_PACKAGE],
    external: [/^(?!\.|\/|@slapos\/|ajv|fast-|json-schema-traverse|require-from-string)/],
    clean: false,
    silent: true,
    esbuildOptions: (options) => {
      options.conditions = ['@slapos/source'];
    },
  });
  return join(outDir, `${name}.js`);
}

/** A running proxy process. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  /** Ends it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** Ends it in good order and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts the bundled `server` and waits until it listens. */
export async function startServerProcess(
  program: string,
  databasePath: string,
  computerId: string,
): Promise<ServerProcess> {
  const child = execa('node', [program, databasePath, computerId], {
    reject: false,
    buffer: false,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    child.then(({ exitCode }) => Promise.reject(new Error(`the server ended with code ${exitCode}`))),
  ])) as [string];
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await child;
  };
  return {
    url: `http://127.0.0.1:${line}`,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
}
