import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { PARTITION_ID } from '@slapos/grid';
import { isSlapOSError, UntrustedDirectory } from '@slapos/host';
import { type LogSource, NODE, type SourceSelection } from './log-source.js';

/** Folders of the instance root that are none of a partition. */
const OTHER_FOLDERS: ReadonlySet<string> = new Set(['bin', 'etc', 'lib', 'sbin', 'shacache', 'usr', 'var']);
/** Below the instance root. */
const SUPERVISOR_LOG = ['var/log', 'supervisord.log'] as const;
const PROMISE_LOGS = '.slapgrid/promise/log';
const INSTANCE_LOGS = 'var/log';
const HIDDEN_LOG = /^\.(.+)\.log$/u;
const LOG_SUFFIX = /\.(?:log|txt|out|err)$/u;
/** Logs that were put aside: they are read with the one that took their place. */
const ROTATED = /\.log[.-]\d|\.(?:gz|bz2|xz|zst|\d+)$/u;
const WATCHED_SUFFIX = '-on-watch';

/** What could be read, and the folders that could not. */
export interface FoundSources {
  readonly sources: readonly LogSource[];
  readonly unreadable: readonly string[];
}

/** The partitions that have a folder, in the order of their numbers. */
export async function partitionsOnDisk(instanceRoot: string): Promise<string[]> {
  const entries = await readdir(instanceRoot, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && PARTITION_ID.test(entry.name) && !OTHER_FOLDERS.has(entry.name))
    .map(({ name }) => name)
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
}

/** The logs of a machine, its own first (spec: ux-ideas §15). */
export async function findSources(instanceRoot: string, { owners, program }: SourceSelection): Promise<FoundSources> {
  const unreadable: string[] = [];
  const sources: LogSource[] = [];
  if (owners === undefined || owners.includes(NODE)) {
    const [folder, name] = SUPERVISOR_LOG;
    sources.push({ owner: NODE, program: 'supervisord', folder: path.join(instanceRoot, folder), name });
  }
  for (const owner of owners ?? (await partitionsOnDisk(instanceRoot))) {
    if (owner === NODE) continue;
    const root = path.join(instanceRoot, owner);
    const namesIn = async (folder: string): Promise<string[]> => {
      const listed = await listFolder(root, folder);
      if (listed === 'unreadable') unreadable.push(path.join(root, folder));
      return listed === 'unreadable' ? [] : listed.filter((name) => !ROTATED.test(name));
    };
    for (const name of await namesIn('.')) {
      const written = HIDDEN_LOG.exec(name)?.[1];
      if (written !== undefined) sources.push({ owner, program: written, folder: root, name });
    }
    for (const name of await namesIn(PROMISE_LOGS))
      sources.push({ owner, program: 'promise', folder: path.join(root, PROMISE_LOGS), name });
    for (const name of await namesIn(INSTANCE_LOGS))
      sources.push({ owner, program: name.replace(LOG_SUFFIX, ''), folder: path.join(root, INSTANCE_LOGS), name });
  }
  return { sources: sources.filter((source) => program === undefined || isOfProgram(source, program)), unreadable };
}

/** Services are known by their names, with and without the ending that watched ones have. */
function isOfProgram(source: LogSource, program: string): boolean {
  return source.program === program || source.program === `${program}${WATCHED_SUFFIX}`;
}

/** Names of the regular files in a folder below a partition; links are followed nowhere. */
async function listFolder(root: string, folder: string): Promise<string[] | 'unreadable'> {
  try {
    await using partition = await UntrustedDirectory.open(root);
    return await listBelow(
      partition,
      folder.split('/').filter((part) => part !== '.'),
    );
  } catch (error) {
    if (isSlapOSError(error)) return 'unreadable';
    throw error;
  }
}

async function listBelow(folder: UntrustedDirectory, [next, ...rest]: readonly string[]): Promise<string[]> {
  if (next !== undefined) {
    if (!(await folder.exists(next))) return [];
    await using below = await folder.openSubdirectory(next);
    return await listBelow(below, rest);
  }
  const names: string[] = [];
  for (const name of await folder.list()) if ((await folder.stat(name))?.type === 'file') names.push(name);
  return names;
}
