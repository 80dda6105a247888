import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The `exports` condition under which workspace packages resolve to their TypeScript sources, so that tests need no build. */
const SOURCE_CONDITION = '@slapos/source';

const DEFAULT_TEST_TIMEOUT_MS = 20_000;

/**
 * The vitest configuration that every package shares.
 * Beside the readable report it writes `test-results/vitest.json`, from which `npm test` counts.
 */
export function packageVitestConfig(overrides: ViteUserConfig['test'] = {}): ViteUserConfig {
  return defineConfig({
    resolve: { conditions: [SOURCE_CONDITION, 'module', 'node', 'development|production'] },
    ssr: { resolve: { conditions: [SOURCE_CONDITION, 'module', 'node', 'development|production'] } },
    test: {
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      testTimeout: DEFAULT_TEST_TIMEOUT_MS,
      reporters: ['default', 'json'],
      outputFile: { json: 'test-results/vitest.json' },
      ...overrides,
    },
  });
}
