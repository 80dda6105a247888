import path from 'node:path';
import { expect, it } from 'vitest';
import { importReadmeExamples } from '../../../config/readme.js';
import type { Program } from '../src/index.js';
import { Scratch } from './scratch.js';

it('the example keeps a service', async () => {
  await using scratch = await Scratch.create();
  const [example] = await importReadmeExamples(path.resolve(import.meta.dirname, '..'));
  const keepService = example?.['keepService'] as (root: string, program: Program) => Promise<string | undefined>;
  expect(await keepService(scratch.instanceRoot, await scratch.program('slappart0', 'web', 'exec sleep 600'))).toBe(
    'RUNNING',
  );
});
