import path from 'node:path';

import { expect, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';
import { ORDINARY_USER } from './support/user.js';

// The second example is a test file: importing it registers its tests here, and vitest runs them.
const [program] = (await importReadmeExamples(path.resolve(import.meta.dirname, '..'))) as [
  { runSleeper: (user?: string) => Promise<unknown> },
];

test('the program of the README runs an instance', async () => {
  expect(await program.runSleeper(ORDINARY_USER.user)).toEqual({
    services: [expect.stringMatching(/^(?:STARTING|RUNNING)$/)],
    published: { 'sleeps-for': '3600 s' },
  });
});
