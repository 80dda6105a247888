import type { UntrustedDirectory } from '@slapos/host';

/** Long enough for any `#!` line; the kernel reads 256 bytes of one. */
const MAX_SCRIPT_BYTES = 1024 * 1024;

/**
 * The words after `#!` in a script's first line: interpreter and its arguments. Running them by hand avoids the kernel's limit on the
 * length of that line. `undefined` when the script is absent or has no such line. (spec: grid 15.6)
 */
export async function readInterpreter(
  directory: UntrustedDirectory,
  name: string,
): Promise<[string, ...string[]] | undefined> {
  const text = await directory.readText(name, { maxBytes: MAX_SCRIPT_BYTES });
  return text === undefined ? undefined : parseInterpreter(text);
}

/** See `readInterpreter`. */
export function parseInterpreter(script: string): [string, ...string[]] | undefined {
  const [firstLine = ''] = script.split('\n', 1);
  if (!firstLine.startsWith('#!')) return undefined;
  const [interpreter, ...args] = firstLine.slice(2).trim().split(/\s+/);
  return interpreter === undefined || interpreter === '' ? undefined : [interpreter, ...args];
}

const SHELL_WRAPPER = /^exec\s+(?:"([^"]+)"|'([^']+)'|(\S+))/;

/**
 * The Python of a Software Release, from its `bin/buildout`: the word after `#!`, or, for a wrapper that a too long path needed
 * (`#!/bin/sh`, then `exec …`), the program that the wrapper starts. (spec: grid 15.5)
 */
export function parseReleasePython(script: string): string | undefined {
  const interpreter = parseInterpreter(script)?.[0];
  if (interpreter !== '/bin/sh') return interpreter;
  const match = SHELL_WRAPPER.exec((script.split('\n', 2)[1] ?? '').trim());
  return match === null ? interpreter : (match[1] ?? match[2] ?? match[3] ?? interpreter);
}
