import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import { expect, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';
import { bundleProgram } from './support/server-process.js';

const PACKAGE_FOLDER = path.resolve(import.meta.dirname, '..');

// The second example is a test file: importing it registers its test here, and vitest runs it.
const [program] = await importReadmeExamples(PACKAGE_FOLDER);

test('the program of the README requests an instance', async () => {
  const { requestFromMiniMaster } = program as { requestFromMiniMaster: () => Promise<string> };
  expect(await requestFromMiniMaster()).toBe('my-site is in slappart0');
});

test('the example for node:test passes', async () => {
  const [, code] = /^```js\n([^]*?)^```$/m.exec(readFileSync(path.join(PACKAGE_FOLDER, 'README.md'), 'utf8')) ?? [];
  const folder = path.join(PACKAGE_FOLDER, 'test-results', 'readme');
  mkdirSync(folder, { recursive: true });
  const source = path.join(folder, 'node-test.mjs');
  writeFileSync(source, code!);
  const bundle = await bundleProgram('node-test', source);
  const { stdout } = await execa('node', ['--test', '--test-reporter=tap', bundle]);
  expect(stdout).toContain('# pass 1');
  expect(stdout).toContain('# fail 0');
});
