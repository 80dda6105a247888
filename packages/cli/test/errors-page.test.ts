import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { errorCodes, errorPage } from '../src/explain/error-catalogue.js';
import { runSlapos } from './support/run-slapos.js';

const WORKSPACE_ROOT = path.resolve(import.meta.dirname, '../../..');
/** A code as the sources of our packages write it. */
const CODE = /'((?:CLI|COLLECT|FORMAT|GRID|HOST|MANAGER|PROMISE|PROXY|SLAP|STANDALONE|SUPERVISOR)_[A-Z0-9_]+)'/g;

/** The codes that errors of a package are made with. */
function codesOf(folder: string): string[] {
  const source = path.join(WORKSPACE_ROOT, 'packages', folder, 'src/errors.ts');
  return [
    ...readFileSync(source, 'utf8').matchAll(CODE),
    ...readFileSync(source, 'utf8').matchAll(/^ {2}(PROXY_[A-Z0-9_]+):/gm),
  ].map(([, code]) => code ?? '');
}

it('docs/errors.md explains every code of every package, and nothing else', async () => {
  const declared = readdirSync(path.join(WORKSPACE_ROOT, 'packages')).flatMap(codesOf);
  await expect(errorPage()).toMatchFileSnapshot('../../../docs/errors.md');
  expect(errorCodes()).toEqual([...new Set(declared)].sort());
});

it('explain says what a code means and what to do, also as a document', async () => {
  const text = await runSlapos(['explain', 'slap_not_ready']);
  expect(text).toMatchObject({ exitCode: 0, stderr: '' });
  expect(text.stdout).toMatch(/^SLAP_NOT_READY\n\n.*\n\nWhat to do: .*\n {2}\$ slapos service info REFERENCE\n/);
  const json = await runSlapos(['explain', 'SLAP_NOT_READY', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'ErrorCode', code: 'SLAP_NOT_READY' });
  const all = await runSlapos(['explain', '--output', 'json']);
  expect((JSON.parse(all.stdout) as { items: unknown[] }).items).toHaveLength(errorCodes().length);
});

it('explain finds the code that was meant', async () => {
  const { exitCode, stdout, stderr } = await runSlapos(['explain', 'SLAP_NOT_REDY']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('hint: Did you mean SLAP_NOT_READY?');
});
