import { join } from 'node:path';

import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, test } from 'vitest';

const workspaceRoot = join(import.meta.dirname, '../..');
/** Building the project graph and the first typed lint take a few seconds each on a small machine. */
const SLOW_TEST_TIMEOUT_MS = 60_000;
const eslint = new ESLint({ cwd: workspaceRoot });

/** Lints a text as if it stood in the given file, and returns the names of the rules that object. */
async function rulesBroken(file: string, text: string): Promise<(string | null)[]> {
  const results = await eslint.lintText(text, { filePath: join(workspaceRoot, file) });
  return results.flatMap((result) => result.messages.map((message) => message.ruleId));
}

const BOUNDARY_RULE = '@nx/enforce-module-boundaries';

describe('the lint that keeps packages apart', { timeout: SLOW_TEST_TIMEOUT_MS }, () => {
  // Without a project graph the rule passes silently, which is what these tests are about.
  beforeAll(async () => {
    await createProjectGraphAsync();
  }, SLOW_TEST_TIMEOUT_MS);

  test.each([
    ['host', 'import @slapos/grid', "export { packageName } from '@slapos/grid';"],
    [
      'slap',
      'import @slapos/host',
      "export type Everything = typeof import('@slapos/host');\nexport * from '@slapos/host';",
    ],
    ['proxy', 'import @slapos/host', "export * from '@slapos/host';"],
    ['grid', 'import @slapos/proxy', "export * from '@slapos/proxy';"],
    ['grid', 'reach into another package by path', "export * from '../../host/src/index.js';"],
    ['proxy', 'import ky', "export * from 'ky';"],
    ['grid', 'import oclif', "export { Command } from '@oclif/core';"],
    ['grid', 'import kysely', "export { sql } from 'kysely';"],
    ['host', 'import execa', "export { execa } from 'execa';"],
  ])('%s must not %s', async (name, _what, text) => {
    await expect(rulesBroken(`packages/${name}/src/index.ts`, `${text}\n`)).resolves.toContain(BOUNDARY_RULE);
  });

  test.each([
    ['grid', "export * from '@slapos/host';"],
    ['cli', "export * from '@slapos/proxy';"],
    ['slap', "export { HTTPError } from 'ky';"],
    ['proxy', "export { sql } from 'kysely';"],
  ])('%s may: %s', async (name, text) => {
    await expect(rulesBroken(`packages/${name}/src/index.ts`, `${text}\n`)).resolves.toEqual([]);
  });
});

describe('the lint that keeps libraries quiet and honest', { timeout: SLOW_TEST_TIMEOUT_MS }, () => {
  test.each([
    ['prints', "console.log('hello');", 'no-console'],
    ['reads the environment', 'export const home = process.env;', 'no-restricted-syntax'],
    ['exits', 'process.exit(1);', 'no-restricted-syntax'],
    ['exports a default', 'export default 1;', 'no-restricted-syntax'],
    ['imports a builtin without node:', "export { readFile } from 'fs';", 'no-restricted-imports'],
    ['starts a process', "export { spawn } from 'node:child_process';", 'no-restricted-imports'],
    ['uses any', 'export const anything = 1 as any;', '@typescript-eslint/no-explicit-any'],
    [
      'disables a rule without a reason',
      '// eslint-disable-next-line no-console\nconsole.log(1);',
      '@eslint-community/eslint-comments/require-description',
    ],
    ['is too long', 'export {};\n'.repeat(401), 'max-lines'],
  ])('refuses a library that %s', async (_what, text, rule) => {
    await expect(rulesBroken('packages/slap/src/index.ts', `${text}\n`)).resolves.toContain(rule);
  });
});

describe('the lint that keeps file changes in @slapos/host', { timeout: SLOW_TEST_TIMEOUT_MS }, () => {
  const RULE = 'no-restricted-syntax';

  test.each([
    "import fs from 'node:fs';\nfs.writeFileSync('/x', '');",
    "import fs from 'node:fs/promises';\nawait fs.chown('/x', 0, 0);",
    "import * as fs from 'node:fs';\nfs.createWriteStream('/x');",
    "import fs from 'node:fs';\nawait fs.promises.readFile('/x');",
    "import fs from 'node:fs';\nexport const name: 'rmSync' = 'rmSync';\nfs[name]('/x');",
    "import files from 'node:fs';\nexport const read = files.readFileSync;",
    "import * as files from 'node:fs';\nexport const read = files.readFileSync;",
    "import { rm } from 'node:fs/promises';\nawait rm('/x');",
    "import { rm as harmless } from 'node:fs/promises';\nawait harmless('/x');",
    "import { promises } from 'node:fs';\nexport const read = promises.readFile;",
    "import { default as files } from 'node:fs';\nexport const read = files.readFileSync;",
    "export const files = await import('node:fs');",
  ])('refuses %j in grid', async (text) => {
    await expect(rulesBroken('packages/grid/src/index.ts', `${text}\n`)).resolves.toContain(RULE);
  });

  test.each([
    ['grid', "import fs from 'node:fs';\nexport const text = fs.readFileSync('/x', 'utf8');"],
    ['promise', "import { readFile } from 'node:fs/promises';\nexport const text = await readFile('/x', 'utf8');"],
    ['host', "import fs from 'node:fs';\nfs.writeFileSync('/x', '');"],
  ])('lets %s %j', async (name, text) => {
    await expect(rulesBroken(`packages/${name}/src/index.ts`, `${text}\n`)).resolves.toEqual([]);
  });
});
