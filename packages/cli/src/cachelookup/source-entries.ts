import { escapeControlCharacters } from '@slapos/host';
import type { IndexEntry } from '@slapos/grid';
import type { CommandLog } from '../output/log.js';
import { EXIT_CODES } from '../exit-codes.js';
import { type OutputFlagValues, outputFormat } from '../output/output-flags.js';
import { type Column, renderList } from '../output/render-result.js';
import type { Found } from './look-up.js';

/** How files that a cache has are shown. */
interface SourceListing {
  readonly kind: string;
  /** What names a file. */
  readonly name: 'url' | 'basename';
  readonly found: Found;
}

/** Shows what a cache has of a file or a distribution (spec: cli §7). @returns the exit code */
export async function showSourceEntries(
  { kind, name, found: { url, entries } }: SourceListing,
  flags: OutputFlagValues,
  { log, write }: { readonly log: CommandLog; readonly write: (text: string) => void },
): Promise<number> {
  if (entries === undefined) return EXIT_CODES.FAILED;
  const isText = outputFormat(flags) === 'text';
  if (isText && entries.length === 0) {
    log.info('Object found in cache, but has no entry.');
    return EXIT_CODES.OK;
  }
  const columns: readonly Column<IndexEntry>[] = [
    { name, value: (entry) => entry[name] },
    { name: 'sha512', value: ({ sha512 }) => sha512 },
    { name: 'signed', value: ({ isTrusted }) => (isTrusted ? 'True' : 'False') },
  ];
  const text = isText ? await pythonTable(columns, entries) : '';
  write(
    await renderList(
      {
        kind,
        items: entries,
        columns,
        text: () => text,
        document: (entry) => ({
          [name]: entry[name] ?? null,
          sha512: entry.sha512 ?? null,
          signed: entry.isTrusted,
        }),
        about: { index: url },
      },
      flags,
    ),
  );
  return EXIT_CODES.OK;
}

/** The table that the Python command prints. */
export async function pythonTable<Item>(columns: readonly Column<Item>[], items: readonly Item[]): Promise<string> {
  const { framedTable } = await import('@slapos/proxy');
  const cell = (value: unknown): string => (typeof value === 'string' ? escapeControlCharacters(value) : '');
  return framedTable(
    columns.map(({ name }) => name),
    items.map((item) => columns.map(({ value }) => cell(value(item)))),
  );
}
