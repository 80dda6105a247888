import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { readParameterXml } from '@slapos/slap';
import { CliError } from '../errors.js';

/** The parameters of a file. */
export interface FileParameters {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** XML files say themselves what is sent; the others are serialised as the Software Release wants it. */
  readonly isXml: boolean;
}

/**
 * Reads the file of `--parameters-file`: YAML or XML by its extension, anything else is JSON; `-` is standard input, and JSON
 * (spec: cli §4.2).
 * @throws CliError `CLI_USAGE` when it cannot be opened, `CLI_INPUT` when it holds something else
 */
export async function readParametersFile(file: string, input: NodeJS.ReadableStream): Promise<FileParameters> {
  const content = await readContent(file, input);
  const extension = path.extname(file).toLowerCase();
  try {
    if (extension === '.xml') return { parameters: Object.fromEntries(readParameterXml(content)), isXml: true };
    const isYaml = extension === '.yaml' || extension === '.yml';
    const value: unknown = isYaml ? (await import('yaml')).parse(content) : JSON.parse(content);
    return { parameters: asRecord(value), isXml: false };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('CLI_INPUT', `Cannot read the parameters in ${shownName(file)}: ${why}`, {
      hint: 'It must hold one object, in JSON; or in YAML in a file .yaml, or in parameter XML in a file .xml.',
      cause,
    });
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

function shownName(file: string): string {
  return file === '-' ? 'standard input' : file;
}
