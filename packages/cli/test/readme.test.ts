import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { importReadmeExamples } from '../../../config/readme.js';
import { EXIT_CODES } from '../src/index.js';

const PACKAGE = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(PACKAGE, 'README.md'), 'utf8');

it('shows how to read a configuration', async () => {
  const [example] = (await importReadmeExamples(PACKAGE)) as [{ instanceRootOf: (text: string) => string | undefined }];
  expect(example.instanceRootOf('[DEFAULT]\nbase = /srv\n[slapos]\ninstance_root = %(base)s/slapgrid\n')).toBe(
    '/srv/slapgrid',
  );
});

it('lists every command with its summary', () => {
  const { commands } = JSON.parse(readFileSync(path.join(PACKAGE, 'oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, { summary: string }>;
  };
  const listed = readme.match(/^\| `slapos .*$/gm)?.sort();
  expect(listed).toEqual(
    Object.entries(commands)
      .map(([id, { summary }]) => `| \`slapos ${id.replaceAll(':', ' ')}\` | ${summary} |`)
      .sort(),
  );
});

it('explains every exit code', () => {
  const explained = [...readme.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(explained).toEqual([...new Set(Object.values(EXIT_CODES))].sort((one, other) => one - other));
});
