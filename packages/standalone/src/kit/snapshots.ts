import { copyFile, mkdir, readdir, readlink, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { StandaloneLayout } from '../configuration/layout.js';
import { isLike } from './patterns.js';

/** Which files of partitions are kept, as patterns below the instance root (spec: standalone §6.2). */
export const INSTANCE_SNAPSHOT_PATTERNS: readonly string[] = [
  '*/bin/*',
  '*/etc/*',
  '*/var/log/*',
  '*/srv/monitor/*',
  '*/srv/backup/logrotate/*',
  '*/.*log',
  '*/.*cfg',
  '*/*cfg',
  'etc/*',
];
/** Which files of releases are kept, as patterns below the software root. */
const SOFTWARE_SNAPSHOT_PATTERNS = ['*/*.cfg', '*/.installed.cfg'];

/** What a snapshot holds, and where it goes. */
export interface SnapshotOptions {
  /** Files are kept in `directory/name`, under their paths below the node's folder. */
  readonly directory: string;
  readonly name: string;
  /** Default {@link INSTANCE_SNAPSHOT_PATTERNS}. `*` stands for anything, slashes included. */
  readonly patterns?: readonly string[] | undefined;
}

/**
 * Copies the logs, the database and what partitions and releases wrote, to look at after a failure. Links stay links; one that leads
 * nowhere becomes a text that says where to. Gives the folder.
 */
export async function keepSnapshot(layout: StandaloneLayout, options: SnapshotOptions): Promise<string> {
  const target = path.join(options.directory, options.name.replaceAll(/[^\w. -]+/g, '_'));
  const relative = (file: string): string =>
    file.startsWith(`${layout.directory}/`) ? path.relative(layout.directory, file) : file.slice(1);
  const patterns = options.patterns ?? INSTANCE_SNAPSHOT_PATTERNS;
  const sources: [root: string, isWanted: (file: string) => boolean][] = [
    [layout.logDirectory, () => true],
    [path.join(layout.directory, 'etc'), () => true],
    [layout.directory, (file) => !file.includes('/') && file.endsWith('.cdx.json')],
    [path.dirname(layout.database), (file) => !file.includes('/') && file.startsWith(path.basename(layout.database))],
    [layout.instanceRoot, (file) => patterns.some((pattern) => isLike(file, pattern))],
    [layout.softwareRoot, (file) => SOFTWARE_SNAPSHOT_PATTERNS.some((pattern) => isLike(file, pattern))],
  ];
  for (const [root, isWanted] of sources) {
    // A release may have very many files: only its own folder is looked at.
    const depth = root === layout.directory ? 1 : root === layout.softwareRoot ? 2 : Number.POSITIVE_INFINITY;
    for await (const file of filesBelow(root, depth)) {
      if (isWanted(path.relative(root, file.path))) await keep(file, path.join(target, relative(file.path)));
    }
  }
  return target;
}

interface FoundFile {
  readonly path: string;
  readonly isLink: boolean;
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<FoundFile> {
  // What goes away, or may not be read, while we look is not there.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const entryPath = path.join(folder, entry.name);
    if (entry.isFile() || entry.isSymbolicLink()) yield { path: entryPath, isLink: entry.isSymbolicLink() };
    else if (entry.isDirectory() && depth > 1) yield* filesBelow(entryPath, depth - 1);
  }
}

async function keep(file: FoundFile, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  if (!file.isLink) {
    await copyFile(file.path, target).catch(ignoreMissing);
    return;
  }
  const destination = await readlink(file.path).catch(ignoreMissing);
  if (destination === undefined) return;
  const exists = await realpath(file.path).then(
    () => true,
    () => false,
  );
  await (exists ? symlink(destination, target) : writeFile(target, `broken symlink to ${destination}\n`)).catch(
    ignoreExisting,
  );
}

function ignoreMissing(error: unknown): undefined {
  if (['ENOENT', 'EACCES'].includes(String((error as { code?: unknown }).code))) return undefined;
  throw error;
}

function ignoreExisting(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
}
