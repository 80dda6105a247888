import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { z } from 'zod';

import { ManagerError } from '../errors.js';

const manifestSchema = z.object({ exports: z.unknown(), main: z.string().optional() });
const CONDITIONS = ['node', 'import', 'default'] as const;

/**
 * The module that `import` of an installed package would load. Only the package's own folder is looked at.
 * @throws ManagerError `MANAGER_INVALID`
 */
export function packageEntry(name: string, folder: string): string {
  const file = path.join(folder, 'package.json');
  let manifest: z.infer<typeof manifestSchema>;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new ManagerError('MANAGER_INVALID', `The package ${name} has no readable ${file}`, { cause: error });
  }
  const target = targetOf(manifest.exports) ?? manifest.main ?? 'index.js';
  const entry = path.resolve(folder, target);
  if (!entry.startsWith(folder + path.sep))
    throw new ManagerError('MANAGER_INVALID', `The package ${name} points out of its folder: ${target}`);
  // CommonJS entries may leave out their extension.
  return manifest.exports === undefined ? createRequire(file).resolve(entry) : entry;
}

/** The file for the package itself in `exports`: a text, or conditions, perhaps below ".". */
function targetOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const table = exports as Record<string, unknown>;
  if ('.' in table) return targetOf(table['.']);
  for (const condition of Object.keys(table))
    if ((CONDITIONS as readonly string[]).includes(condition)) return targetOf(table[condition]);
  return undefined;
}
