import { createRequire } from 'node:module';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

/** What a package costs whoever installs and imports it. Counts, not times: they are the same on every machine. */
export interface PackageCost {
  /** Size of the package and all that it depends on, unpacked, without what is compiled on the machine. */
  readonly installedKilobytes: number;
  readonly installedPackages: number;
  /** Files that Node.js reads for `import` of the package, and their size. */
  readonly importedFiles: number;
  readonly importedKilobytes: number;
}

export const FIGURES = ['installedKilobytes', 'installedPackages', 'importedFiles', 'importedKilobytes'] as const;

const COMPILED_HERE = new Set(['build', 'node_modules']);
const KILOBYTE = 1000;

/**
 * @param folder where the packages are installed
 * @param name of one of them
 */
export async function measurePackage(folder: string, name: string): Promise<PackageCost> {
  const installed = await findInstalled(path.join(folder, 'node_modules', name));
  const sizes = await Promise.all([...installed].map(folderSize));
  const imported = await findImported(folder, name);
  const importedSizes = await Promise.all(imported.map(async (file) => (await stat(file)).size));
  return {
    installedKilobytes: kilobytes(sizes),
    installedPackages: installed.size,
    importedFiles: imported.length,
    importedKilobytes: kilobytes(importedSizes),
  };
}

function kilobytes(sizes: readonly number[]): number {
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / KILOBYTE);
}

/** The folders of a package and of everything that it depends on. */
async function findInstalled(packageFolder: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(packageFolder)) return found;
  found.add(packageFolder);
  const manifestFile = path.join(packageFolder, 'package.json');
  const { dependencies = {} } = JSON.parse(await readFile(manifestFile, 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  const places = createRequire(manifestFile).resolve.paths('a-package') ?? [];
  for (const dependency of Object.keys(dependencies)) {
    for (const place of places) {
      const candidate = path.join(place, dependency);
      if (!(await isFile(path.join(candidate, 'package.json')))) continue;
      await findInstalled(candidate, found);
      break;
    }
  }
  return found;
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === true;
}

async function folderSize(folder: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const entryPath = path.join(folder, entry.name);
    if (entry.isFile()) size += (await stat(entryPath)).size;
    else if (entry.isDirectory() && !COMPILED_HERE.has(entry.name)) size += await folderSize(entryPath);
  }
  return size;
}

/** What V8 says that it has loaded for an import. */
async function findImported(folder: string, name: string): Promise<string[]> {
  const coverage = await mkdtemp(path.join(tmpdir(), 'slapos-coverage-'));
  try {
    await execa(process.execPath, ['--input-type=module', '--eval', `await import('${name}')`], {
      cwd: folder,
      env: { NODE_V8_COVERAGE: coverage },
    });
    const [file = ''] = await readdir(coverage);
    const { result } = JSON.parse(await readFile(path.join(coverage, file), 'utf8')) as { result: { url: string }[] };
    return result
      .map(({ url }) => url)
      .filter((url) => url.startsWith('file:') && url.includes('/node_modules/'))
      .map((url) => fileURLToPath(url));
  } finally {
    await rm(coverage, { recursive: true });
  }
}
