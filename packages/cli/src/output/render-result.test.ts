import { describe, expect, it } from 'vitest';
import { outputFormatOfWords } from './output-format.js';
import { type ListResult, renderList, renderOne } from './render-result.js';
import { renderTable } from './table.js';

interface Computer {
  readonly reference: string;
  readonly title: string;
  readonly busy?: boolean;
}

const LIST: ListResult<Computer> = {
  kind: 'Computers',
  items: [
    { reference: 'COMP-1', title: 'first', busy: true },
    { reference: 'COMP-22', title: '中文' },
  ],
  columns: [
    { name: 'reference', value: ({ reference }) => reference },
    { name: 'title', value: ({ title }) => title },
    { name: 'busy', value: ({ busy }) => busy },
  ],
  text: () => 'as ever',
  about: { master: 'http://m/' },
};

describe('a list', () => {
  it.each([
    [{}, 'as ever'],
    [{ output: 'text' }, 'as ever'],
    [{ output: 'table' }, 'REFERENCE  TITLE  BUSY\nCOMP-1     first  yes\nCOMP-22    中文'],
    [{ columns: ' Title , reference' }, 'TITLE  REFERENCE\nfirst  COMP-1\n中文   COMP-22'],
    [{ 'no-headers': true, columns: 'reference' }, 'COMP-1\nCOMP-22'],
    [
      { json: true },
      '{"apiVersion":"slapos.cli/1","kind":"Computers","master":"http://m/","items":[{"reference":"COMP-1","title":"first","busy":true},{"reference":"COMP-22","title":"中文"}]}',
    ],
    [
      { output: 'yaml' },
      'apiVersion: slapos.cli/1\nkind: Computers\nmaster: http://m/\nitems:\n  - reference: COMP-1\n    title: first\n    busy: true\n  - reference: COMP-22\n    title: 中文',
    ],
  ] as const)('with %j', async (flags, expected) => {
    expect(await renderList(LIST, flags)).toBe(expected);
  });

  it('of nothing is a document, too', async () => {
    const empty = { ...LIST, items: [] };
    expect(JSON.parse(await renderList(empty, { json: true }))).toMatchObject({ items: [] });
    expect(await renderList(empty, { output: 'table' })).toBe('REFERENCE  TITLE  BUSY');
  });

  it('has no other columns than its own', async () => {
    await expect(renderList(LIST, { columns: 'titel' })).rejects.toMatchObject({
      code: 'CLI_USAGE',
      message: "argument --columns: invalid choice: 'titel' (choose from 'reference', 'title', 'busy')",
      hint: 'Did you mean title?',
    });
  });
});

describe('one thing', () => {
  const one = { kind: 'Computer', content: { reference: 'COMP-1', nested: { a: 1 } }, text: () => 'text' };
  it('has its plain values in a table, and all of them in a document', async () => {
    expect(await renderOne(one, { output: 'table' })).toBe('REFERENCE\nCOMP-1');
    expect(JSON.parse(await renderOne(one, { output: 'json' }))).toEqual({
      apiVersion: 'slapos.cli/1',
      kind: 'Computer',
      reference: 'COMP-1',
      nested: { a: 1 },
    });
  });
});

describe('a table', () => {
  const rows = [['a name that is long', 'x\u001b[31my\nz']];
  const stream = (isTTY: boolean): { write: () => true; isTTY: boolean; columns: number } => ({
    write: () => true,
    isTTY,
    columns: 12,
  });

  it('is cut on a terminal, never in a pipe, and what came from outside cannot drive it', async () => {
    expect(await renderTable(rows, { headings: undefined, stream: stream(true) })).toBe('a name that…');
    expect(await renderTable(rows, { headings: undefined, stream: stream(false) })).toBe(
      'a name that is long  x\\x1b[31my\\x0az',
    );
  });
});

describe('the format of words that were not parsed', () => {
  it.each([
    [['a', '--json'], 'json'],
    [['a', '--output', 'yaml'], 'yaml'],
    [['a', '--output=table'], 'table'],
    [['--output', 'json', '--output=text'], 'text'],
    [['--output', 'nonsense'], 'text'],
    [['--output'], 'text'],
    [['--', '--json'], 'text'],
    [[], 'text'],
  ] as const)('%j', (words, expected) => {
    expect(outputFormatOfWords(words, {})).toBe(expected);
  });

  it('is that of the environment when they say nothing', () => {
    expect(outputFormatOfWords([], { SLAPOS_OUTPUT: 'json' })).toBe('json');
    expect(outputFormatOfWords(['--output=text'], { SLAPOS_OUTPUT: 'json' })).toBe('text');
  });
});
