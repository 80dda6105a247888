import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

const WORKSPACE_ROOT = path.join(import.meta.dirname, '../..');
const FENCE = /^```(\S*)(?: ([^\n]+))?\n([\s\S]*?)^```$/gm;
/** Commands that `e2e/test/documentation.test.ts` types, and what programs print. */
const TYPED = new Set(['console', 'text']);
/** Guides whose blocks are files, which `test/guide.test.ts` of their package executes. */
const GUIDES = new Map([
  ['docs/promises.md', 'packages/promise'],
  ['docs/managers.md', 'packages/manager'],
]);
/** Written when the site is built, from what the programs know of themselves. */
const GENERATED = 'docs/reference/';

const pages = (await readdir(path.join(WORKSPACE_ROOT, 'docs'), { recursive: true, encoding: 'utf8' }))
  .filter((name) => name.endsWith('.md'))
  .map((name) => path.join('docs', name))
  .filter((page) => !GUIDES.has(page) && !page.startsWith(GENERATED));

/** A page with the files of the repository that it shows as they are now. */
async function refresh(text: string): Promise<string> {
  const shown = new Map<string, string>();
  for (const [, , file] of text.matchAll(FENCE)) {
    if (file !== undefined && existsSync(path.join(WORKSPACE_ROOT, file)))
      shown.set(file, await readFile(path.join(WORKSPACE_ROOT, file), 'utf8'));
  }
  return text.replace(FENCE, (block: string, language: string, file: string | undefined) => {
    const content = shown.get(file ?? '');
    return content === undefined ? block : `\`\`\`${language} ${file}\n${content}\`\`\``;
  });
}

test.each(pages)('every block of code in %s is typed, or is a file that is executed', async (page) => {
  const text = await readFile(path.join(WORKSPACE_ROOT, page), 'utf8');
  for (const [block, language = '', file] of text.matchAll(FENCE)) {
    const isExample = file?.startsWith('examples/') === true && existsSync(path.join(WORKSPACE_ROOT, file));
    expect(TYPED.has(language) || isExample, block).toBe(true);
  }
  // With --update, pages get the files as they are.
  await expect(await refresh(text)).toMatchFileSnapshot(path.join(WORKSPACE_ROOT, page));
});

test.each([...GUIDES])('%s is executed by %s', async (page, folder) => {
  const program = await readFile(path.join(WORKSPACE_ROOT, folder, 'test/guide.test.ts'), 'utf8');
  expect(program).toContain(page);
});
