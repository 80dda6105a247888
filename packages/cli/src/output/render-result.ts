import { CliError } from '../errors.js';
import { nearest } from '../command-line/nearest.js';
import { API_VERSION } from './documents.js';
import { type OutputFlagValues, outputFormat } from './output-flags.js';
import { renderTable } from './table.js';

/** A column of a table. */
export interface Column<Item> {
  /** In small letters, as `--columns` takes it; the heading is the same in capitals. */
  readonly name: string;
  readonly value: (item: Item) => unknown;
}

/** A result that is a list. */
export interface ListResult<Item> {
  /** Name of the document: `NodeStatus`. */
  readonly kind: string;
  readonly items: readonly Item[];
  readonly columns: readonly Column<Item>[];
  /** What the command has always printed. */
  readonly text: () => string;
  /** An item in documents, where it differs from the item itself; keys are camelCase. */
  readonly document?: (item: Item) => unknown;
  /** What documents say beside the list. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** The whole document, where scripts know an older one. */
  readonly bare?: unknown;
}

/** A result that is one thing. */
export interface SingleResult {
  readonly kind: string;
  /** Keys are camelCase. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly text: () => string;
  /** Columns of the table's one row; without them every key of the content that is a plain value. */
  readonly columns?: readonly Column<Readonly<Record<string, unknown>>>[];
  readonly bare?: unknown;
}

/**
 * A list in the format that the flags ask for, without a newline at its end.
 * @throws CliError `CLI_USAGE` for a column that is none
 */
export async function renderList<Item>(result: ListResult<Item>, flags: OutputFlagValues): Promise<string> {
  switch (outputFormat(flags)) {
    case 'text':
      return result.text();
    case 'table':
      return tableOf(result.items, chosenColumns(result.columns, flags), flags);
    case 'json':
      return jsonText(listDocument(result));
    case 'yaml':
      return yamlText(listDocument(result));
  }
}

/** One thing in the format that the flags ask for. */
export async function renderOne(result: SingleResult, flags: OutputFlagValues): Promise<string> {
  switch (outputFormat(flags)) {
    case 'text':
      return result.text();
    case 'table':
      return tableOf([result.content], chosenColumns(result.columns ?? plainColumns(result.content), flags), flags);
    case 'json':
      return jsonText(singleDocument(result));
    case 'yaml':
      return yamlText(singleDocument(result));
  }
}

function listDocument<Item>({ kind, items, document, about, bare }: ListResult<Item>): unknown {
  return bare ?? { apiVersion: API_VERSION, kind, ...about, items: items.map((item) => document?.(item) ?? item) };
}

function singleDocument({ kind, content, bare }: SingleResult): unknown {
  return bare ?? { apiVersion: API_VERSION, kind, ...content };
}

function jsonText(document: unknown): string {
  return JSON.stringify(document);
}

async function yamlText(document: unknown): Promise<string> {
  const yaml = await import('./yaml.js');
  // Through JSON, so that both formats hold the same: no undefined, no classes.
  return yaml.stringify(JSON.parse(JSON.stringify(document)), { lineWidth: 0 }).trimEnd();
}

function tableOf<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  flags: OutputFlagValues,
): Promise<string> {
  return renderTable(
    items.map((item) => columns.map(({ value }) => cellText(value(item)))),
    { headings: flags['no-headers'] === true ? undefined : columns.map(({ name }) => name.toUpperCase()) },
  );
}

function chosenColumns<Item>(columns: readonly Column<Item>[], flags: OutputFlagValues): readonly Column<Item>[] {
  if (flags.columns === undefined) return columns;
  const names = columns.map(({ name }) => name);
  return flags.columns
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
    .map((name) => {
      const column = columns.find((candidate) => candidate.name === name);
      if (column !== undefined) return column;
      const meant = nearest(name, names);
      throw new CliError(
        'CLI_USAGE',
        `argument --columns: invalid choice: '${name}' (choose from ${names.map((known) => `'${known}'`).join(', ')})`,
        meant === undefined ? {} : { hint: `Did you mean ${meant}?` },
      );
    });
}

function plainColumns(content: Readonly<Record<string, unknown>>): Column<Readonly<Record<string, unknown>>>[] {
  return Object.keys(content)
    .filter((key) => typeof content[key] !== 'object' || content[key] === null)
    .map((key) => ({ name: key.toLowerCase(), value: (item) => item[key] }));
}

/** What a cell shows: `–` would be taken for text, so nothing is nothing. */
function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : JSON.stringify(value);
}
