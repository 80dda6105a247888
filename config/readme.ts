import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const BLOCK = /^```ts\n([\s\S]*?)^```$/gm;

/**
 * Loads the TypeScript examples of a package's README as modules, so that a test can call what they export: what the README shows is what runs.
 * @param packageDirectory the package's folder (a test's `path.resolve(import.meta.dirname, '..')`)
 */
export async function importReadmeExamples(packageDirectory: string): Promise<Record<string, unknown>[]> {
  const readme = await readFile(path.join(packageDirectory, 'README.md'), 'utf8');
  // Inside the package, because imports are resolved from where the file lies; ignored by git.
  const folder = path.join(packageDirectory, 'test-results', 'readme');
  await mkdir(folder, { recursive: true });
  const modules: Record<string, unknown>[] = [];
  for (const [index, [, code = '']] of [...readme.matchAll(BLOCK)].entries()) {
    const file = path.join(folder, `example-${index}.ts`);
    await writeFile(file, code);
    modules.push((await import(pathToFileURL(file).href)) as Record<string, unknown>);
  }
  return modules;
}
