import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { importReadmeExamples } from '../../../config/readme.js';

type Measure = (instanceRoot: string, since: string) => Promise<{ result: unknown; usage: unknown }>;

test('the example of the README measures', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'slapos-collect-readme-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [example] = await importReadmeExamples(path.resolve(import.meta.dirname, '..'));
  const { result, usage } = await (example as { measure: Measure }).measure(root, '2026-01-01 00:00:00');
  expect(result).toMatchObject({ ran: true, processes: 0, problems: [] });
  expect(usage).toEqual([]);
});
