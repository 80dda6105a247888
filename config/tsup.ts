import { defineConfig, type Options } from 'tsup';

/**
 * The tsup configuration that every package shares: ESM for our Node.js floor, with types and source maps; nothing bundled
 * but the package's own files.
 */
export function packageTsupConfig(overrides: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry: ['src/{index,testing}.ts'],
    format: 'esm',
    target: 'node20',
    platform: 'node',
    splitting: true,
    sourcemap: true,
    clean: true,
    silent: true,
    // tsup sets `baseUrl`, which TypeScript 6 calls deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    ...overrides,
  });
}
