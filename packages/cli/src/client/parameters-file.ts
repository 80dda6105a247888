import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { readParameterXml } from '@slapos/slap';
import { CliError } from '../errors.js';

/** Formats of files of parameters (spec: cli §4.2, ux-ideas §12). */
export const PARAMETER_FORMATS = ['json', 'json5', 'yaml', 'xml', 'toml'] as const;
export type ParameterFormat = (typeof PARAMETER_FORMATS)[number];

/** The parameters of a file. */
export interface FileParameters {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** XML files say themselves what is sent; the others are serialised as the Software Release wants it. */
  readonly isXml: boolean;
  /** The file as people know it, and what it holds: for messages that say where something stands. */
  readonly source: { readonly name: string; readonly content: string; readonly format: ParameterFormat };
}

/** Where parameters are read from. */
export interface ParametersFileOptions {
  readonly input: NodeJS.ReadableStream;
  /** Of standard input, or of a file whose name says something else. */
  readonly format?: ParameterFormat | undefined;
}

const FORMATS_BY_EXTENSION: ReadonlyMap<string, ParameterFormat> = new Map([
  ['.xml', 'xml'],
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.toml', 'toml'],
  ['.jsonc', 'json5'],
  ['.json5', 'json5'],
]);

/**
 * Reads the file of `--parameters-file`: the format is that of its extension, anything else is JSON; `-` is standard input
 * (spec: cli §4.2).
 * @throws CliError `CLI_USAGE` when it cannot be opened, `CLI_INPUT` when it holds something else
 */
export async function readParametersFile(file: string, options: ParametersFileOptions): Promise<FileParameters> {
  const content = await readContent(file, options.input);
  const format = options.format ?? FORMATS_BY_EXTENSION.get(path.extname(file).toLowerCase()) ?? 'json';
  const name = file === '-' ? 'standard input' : file;
  return {
    parameters: await readParameters(content, format, name),
    isXml: format === 'xml',
    source: { name, content, format },
  };
}

/**
 * Reads a document of parameters.
 * @param name where it comes from, for messages
 * @throws CliError `CLI_INPUT`
 */
export async function readParameters(
  content: string,
  format: ParameterFormat,
  name: string,
): Promise<Record<string, unknown>> {
  try {
    return asRecord(await parse(content, format));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('CLI_INPUT', `Cannot read the parameters in ${name}: ${why}`, {
      hint: `It must hold one object in ${format === 'json' ? 'JSON; other formats go by the extension (.yaml, .xml, .toml, .json5) or by --parameters-format' : format.toUpperCase()}.`,
      cause,
    });
  }
}

async function parse(content: string, format: ParameterFormat): Promise<unknown> {
  switch (format) {
    case 'json':
      return JSON.parse(content);
    case 'json5':
      return (await import('json5')).default.parse(content);
    case 'yaml':
      return (await import('../output/yaml.js')).parse(content);
    case 'toml':
      // Through JSON, which has no dates: they travel as their text.
      return JSON.parse(JSON.stringify((await import('smol-toml')).parse(content)));
    case 'xml':
      return Object.fromEntries(readParameterXml(content));
  }
}

async function readContent(file: string, input: NodeJS.ReadableStream): Promise<string> {
  if (file === '-') return text(input);
  return readFile(file, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      'CLI_USAGE',
      `slapos request: error: argument --parameters-file: can't open ${JSON.stringify(file)}: ${why}`,
      { cause },
    );
  });
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`expected an object, found ${Array.isArray(value) ? 'a list' : JSON.stringify(value)}`);
  }
  return value as Record<string, unknown>;
}
