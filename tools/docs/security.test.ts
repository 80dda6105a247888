import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

const PAGE = path.join(import.meta.dirname, '../../docs/security.md');
/** A link to a file of tests, and behind it what one of them is called. */
const REFERENCE = /\]\((\.\.\/[^)]+\.test\.ts)\)(?: “([^”]+)”)?/g;
const LEAST_ATTACKS = 30;

test('every attack on the page names tests that exist', async () => {
  const page = await readFile(PAGE, 'utf8');
  const [, table = ''] = page.split('| attack |');
  const rows = table.split('\n\n', 1)[0]?.split('\n').slice(2) ?? [];
  expect(rows.length).toBeGreaterThanOrEqual(LEAST_ATTACKS);
  for (const row of rows) {
    const references = [...row.matchAll(REFERENCE)];
    expect(references, row).not.toEqual([]);
    for (const [, file = '', title] of references) {
      const text = await readFile(path.join(path.dirname(PAGE), file), 'utf8');
      if (title !== undefined) expect(text, file).toContain(title);
    }
  }
});
