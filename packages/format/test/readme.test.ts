import { mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { importReadmeExamples } from '../../../config/readme.js';

it('the example formats a machine', async () => {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'format-readme-')));
  try {
    const [example] = await importReadmeExamples(path.resolve(import.meta.dirname, '..'));
    const formatTwoPartitions = example?.['formatTwoPartitions'] as (
      folder: string,
      userName: string,
    ) => Promise<string[]>;
    const done = await formatTwoPartitions(folder, os.userInfo().username);
    expect(done.at(0)).toBe('makeFolder: not there');
    expect(done.at(-1)).toBe('send: the master is told at each run');
  } finally {
    await rm(folder, { recursive: true });
  }
});
