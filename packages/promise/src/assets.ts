import { readFile } from 'node:fs/promises';

/**
 * The text of a file of this package's `assets` folder. This module lies one level below the package's folder both as a source
 * and in `dist`, so one relative path serves both.
 */
export function readAsset(name: 'javascript-runner.mjs' | 'python-runner.py'): Promise<string> {
  return readFile(new URL(`../assets/${name}`, import.meta.url), 'utf8');
}
