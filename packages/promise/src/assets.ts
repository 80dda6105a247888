import { readFile } from 'node:fs/promises';

/** A file that is handed over to a worker as text. */
export type AssetName = 'declarative-checks.mjs' | 'javascript-worker.mjs' | 'promise-api.mjs' | 'python-worker.py';

/**
 * The text of a file of this package's `assets` folder. This module lies one level below the package's folder both as a source
 * and in `dist`, so one relative path serves both.
 */
export function readAsset(name: AssetName): Promise<string> {
  return readFile(new URL(`../assets/${name}`, import.meta.url), 'utf8');
}
