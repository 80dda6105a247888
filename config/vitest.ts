import { defineConfig, type ViteUserConfig } from 'vitest/config';

import coverageGoal from './coverage-goal.json' with { type: 'json' };

/** The `exports` condition under which workspace packages resolve to their TypeScript sources, so that tests need no build. */
const SOURCE_CONDITION = '@slapos/source';

/** Only ends what hangs: a machine with much else to do is no failure, so it is far above what any test or hook needs. */
const HANG_TIMEOUT_MS = 60_000;
/** How long `expect.poll` waits for a condition, where vitest's own second is too short for a process to start. */
const POLL_TIMEOUT_MS = 30_000;
/** As wide as the list of what no test runs may get; vitest's own 100 cuts it. */
const COVERAGE_TABLE_COLUMNS = 240;

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
      testTimeout: HANG_TIMEOUT_MS,
      hookTimeout: HANG_TIMEOUT_MS,
      expect: { poll: { timeout: POLL_TIMEOUT_MS } },
      reporters: ['default', 'json'],
      outputFile: { json: 'test-results/vitest.json' },
      // Only with --coverage.
      coverage: {
        provider: 'v8',
        include: ['src/**/*.ts'],
        exclude: ['src/**/*.test.ts'],
        reporter: [['text', { skipFull: true, maxCols: COVERAGE_TABLE_COLUMNS }], 'json-summary', 'html'],
        thresholds: coverageGoal,
      },
      ...overrides,
    },
  });
}
