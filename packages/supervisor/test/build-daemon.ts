import path from 'node:path';
import { build } from 'tsup';

/** Where the embedded supervisor lies while tests run: built from the sources as they are, so that no test sees an old one. */
export const DAEMON_FILE = path.resolve(import.meta.dirname, '../test-results/daemon/slapos-supervisord.js');

/** Processes of their own cannot run TypeScript: the daemon is bundled before the tests. */
export async function setup(): Promise<void> {
  await build({
    config: false,
    entry: { 'slapos-supervisord': path.resolve(import.meta.dirname, 'daemon-program.ts') },
    outDir: path.dirname(DAEMON_FILE),
    format: 'esm',
    target: 'node20',
    platform: 'node',
    silent: true,
    clean: true,
    noExternal: [/^@slapos\//],
    outExtension: () => ({ js: '.js' }),
    esbuildOptions: (options) => {
      options.conditions = ['@slapos/source'];
    },
  });
}
