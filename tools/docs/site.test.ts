import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { findDeadLinks } from './dead-links.mjs';
import { renderCommands, renderConfiguration } from './reference-pages.mjs';

const WORKSPACE_ROOT = path.join(import.meta.dirname, '../..');
const BUILD_TIMEOUT_MS = 180_000;
const LEAST_PAGES = 500;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'site-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the documentation is built without a warning, and every link leads somewhere', {
  timeout: BUILD_TIMEOUT_MS,
}, async () => {
  const site = path.join(folder, 'site');
  const { all, exitCode } = await execa(process.execPath, ['tools/docs/main.mjs', site], {
    cwd: WORKSPACE_ROOT,
    all: true,
    reject: false,
  });
  expect(all).toMatch(/^(\d+) pages in .*$/);
  expect(exitCode).toBe(0);
  expect(Number.parseInt(all, 10)).toBeGreaterThan(LEAST_PAGES);
  const commands = await readFile(path.join(site, 'documents/Commands.html'), 'utf8');
  for (const name of await readdir(path.join(WORKSPACE_ROOT, 'packages/cli/test/help'))) {
    if (name === 'topics' || name === 'slapos.txt') continue;
    expect(commands).toContain(`id="slapos-${path.basename(name, '.txt')}"`);
  }
  const modules = await readdir(path.join(site, 'modules'));
  expect(modules).toEqual(expect.arrayContaining(['_slapos_slap.html', '_slapos_standalone_vitest.html']));
});

describe('dead links', () => {
  test('are pages, files and places in pages that are not there', async () => {
    const pages = path.join(folder, 'dead');
    await mkdir(path.join(pages, 'sub'), { recursive: true });
    await writeFile(
      path.join(pages, 'index.html'),
      `<a href="sub/page.html#here">ok</a> <a href="sub/page.html#gone">a</a> <a href="#me" id="me">ok</a> <img src="none.png"/>
       <a class="x" href="sub/other.html?q=1&amp;r=2">b</a> <a href="https://elsewhere.example/">not asked</a> <a href="#nobody">c</a>`,
    );
    await writeFile(path.join(pages, 'sub/page.html'), '<h1 id="here"></h1><a href="../index.html#me">ok</a>');
    expect(await findDeadLinks(pages)).toEqual({
      pageCount: 2,
      dead: [
        'index.html -> #nobody',
        'index.html -> none.png',
        'index.html -> sub/other.html?q=1&r=2',
        'index.html -> sub/page.html#gone',
      ],
    });
  });
});

test('the page of a command says all that its help says', () => {
  const page = renderCommands([
    {
      id: 'node:try',
      summary: 'try <it>',
      description: 'Tries, with <%= config.bin %>.',
      args: { target: { name: 'target', description: 'a | b', required: true } },
      flags: {
        often: { name: 'often', char: 'o', type: 'option', helpValue: 'N', default: 3, description: 'how often' },
        secret: { name: 'secret', type: 'boolean', hidden: true },
      },
      examples: ['<%= config.bin %> <%= command.id %> x'],
    },
  ]);
  expect(page).toContain('## slapos node try\n\nTry &lt;it>.\n\nTries, with slapos.\n');
  expect(page).toContain('slapos node try target [OPTIONS]');
  expect(page).toContain('| `target` | a \\| b |\n| `-o, --often N` | how often (default: 3) |');
  expect(page).toContain('slapos node try x\n');
  expect(page).not.toContain('secret');
});

test('the page of the configuration says meaning, default, and what has no effect', () => {
  const page = renderConfiguration({
    slapos: { one: { meaning: 'first', default: '1' }, two: { meaning: 'second', unused: 'it is one' } },
  });
  expect(page).toContain('## [slapos]\n');
  expect(page).toContain('| `one` | first | `1` |\n| `two` | second – no effect: it is one |  |');
});
