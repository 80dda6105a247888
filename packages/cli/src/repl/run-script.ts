import { randomUUID } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { isSlapOSError } from '@slapos/host';
import { CliError } from '../errors.js';
import type { ConsoleNames } from './names.js';

/** A line of a stack in Node.js itself. */
const NODE_FRAME = /^ +at .*(?:\(|\s)node:/;
/** Where our own code lies, as a stack names it. */
const OWN_CODE = new URL('..', import.meta.url).href;
const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts'];

/**
 * Runs a script of JavaScript or TypeScript with the names of the console as its globals (spec: cli §4.7).
 * @param file as it was typed
 * @returns the exit code that the script set
 * @throws CliError `CLI_INPUT` when it is no such script, and when it throws, with the lines where it did; errors of ours that it lets go
 */
export async function runScript(file: string, words: readonly string[], names: ConsoleNames): Promise<number> {
  const extension = path.extname(file).toLowerCase();
  if (extension === '.py') {
    throw new CliError('CLI_INPUT', `Python scripts need the Python console: ${file}`, {
      hint: 'This console runs JavaScript and TypeScript, with the same names: slap, request, supply, product.',
    });
  }
  if (!EXTENSIONS.includes(extension)) {
    throw new CliError('CLI_INPUT', `${file} is no script that the console runs`, {
      hint: `Its name must end in ${EXTENSIONS.join(', ')}.`,
    });
  }
  const absolute = path.resolve(file);
  await stat(absolute).catch((cause: unknown) => {
    throw new CliError('CLI_INPUT', `Cannot read the script ${file}`, { cause });
  });
  Object.assign(globalThis, names, { __file__: file });
  process.argv = [process.execPath, absolute, ...words];
  process.exitCode = undefined;
  try {
    await importScript(absolute, extension === '.ts' || extension === '.mts');
  } catch (error) {
    throw isSlapOSError(error) ? error : scriptFailure(file, error);
  }
  const code: unknown = process.exitCode;
  process.exitCode = undefined;
  return typeof code === 'number' ? code : 0;
}

/** Whoever wrote the script wants to know where it failed; our own part of the stack tells nothing. */
function scriptFailure(file: string, error: unknown): CliError {
  const stack = error instanceof Error ? (error.stack ?? error.message) : `it threw ${inspect(error)}`;
  const lines = stack.split('\n').filter((line) => !(NODE_FRAME.test(line) || line.includes(OWN_CODE)));
  return new CliError('CLI_INPUT', `The script ${file} failed: ${lines.join('\n')}`, { cause: error });
}

/** Node.js takes types away itself from 22.18 on; before, they are taken away for it. */
async function importScript(file: string, isTypeScript: boolean): Promise<void> {
  const canStrip = 'typescript' in process.features && Boolean(process.features.typescript);
  if (!isTypeScript || canStrip) {
    await import(pathToFileURL(file).href);
    return;
  }
  const { transform } = await import('sucrase');
  const { code } = transform(await readFile(file, 'utf8'), {
    transforms: ['typescript'],
    filePath: file,
    disableESTransforms: true,
  });
  // Beside the script, so that what it imports is found.
  const stripped = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.mjs`);
  await writeFile(stripped, code, { mode: 0o600 });
  try {
    await import(pathToFileURL(stripped).href);
  } finally {
    await rm(stripped, { force: true });
  }
}
