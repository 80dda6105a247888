import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

const WORKSPACE_ROOT = path.join(import.meta.dirname, '../..');

/** The names in the first column of each package's table. */
async function explained(): Promise<Map<string, string[]>> {
  const page = await readFile(path.join(WORKSPACE_ROOT, 'docs/dependencies.md'), 'utf8');
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [name = '', ...lines] = section.split('\n');
      const rows = lines.map((line) => line.split('|')).filter((cells) => cells.length >= 4 && cells[2]?.trim() !== '');
      const names = rows.flatMap((cells) =>
        [...(cells[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
      );
      return [name.trim(), names.sort()];
    }),
  );
}

async function declared(): Promise<Map<string, string[]>> {
  const packages = path.join(WORKSPACE_ROOT, 'packages');
  const result = new Map<string, string[]>();
  for (const folder of await readdir(packages)) {
    const manifest = JSON.parse(await readFile(path.join(packages, folder, 'package.json'), 'utf8')) as {
      name: string;
      dependencies?: Record<string, string>;
      optionalDependencies?: Record<string, string>;
      peerDependencies?: Record<string, string>;
    };
    const all = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
    result.set(manifest.name, Object.keys(all).sort());
  }
  return result;
}

test('every dependency of every package is explained in docs/dependencies.md, and nothing else is', async () => {
  const [pages, packages] = await Promise.all([explained(), declared()]);
  expect(Object.fromEntries([...pages].sort())).toEqual(Object.fromEntries([...packages].sort()));
});
