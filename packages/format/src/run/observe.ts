import { lstatSync, type Stats, statSync } from 'node:fs';
import fs from 'node:fs/promises';
import { isSlapOSError, UntrustedDirectory, type UserIdentity } from '@slapos/host';
import type { Computer } from '../computer/computer.js';
import type { FormatOptions } from '../config/options.js';
import { FormatError } from '../errors.js';
import { RESOURCE_FILE, type FolderFacts, type ObservedMachine } from './plan.js';
import type { FormatPorts } from './format-computer.js';

const PERMISSION_BITS = 0o7777;
const READERS = 8;

/** What of the machine is read: before the partitions are dealt with only the two roots and the users count. */
export type ObservedPart = 'roots' | 'everything';

/** Reads what the machine has of what `computer` names. Nothing is changed. */
export async function observeMachine(
  computer: Computer,
  options: FormatOptions,
  ports: { readonly host: Pick<FormatPorts['host'], 'users' | 'isRoot'> },
  part: ObservedPart = 'everything',
): Promise<ObservedMachine> {
  const partitions = part === 'everything' ? computer.partitions : [];
  const folders = new Map<string, FolderFacts>();
  const paths = [
    computer.instanceRoot,
    computer.softwareRoot,
    options.certificateRepositoryPath,
    ...partitions.flatMap(({ path, externalStorage }) => [path, ...externalStorage]),
  ];
  for (const folder of paths) {
    if (folder === undefined) continue;
    const facts = observeFolder(folder);
    if (facts) folders.set(folder, facts);
  }
  const users = new Map<string, UserIdentity>();
  for (const name of new Set([computer.softwareUser, ...computer.partitions.map(({ user }) => user.name)])) {
    const user = await ports.host.users.byName(name);
    if (user) users.set(name, user);
  }
  return {
    isRoot: ports.host.isRoot,
    ourUid: process.geteuid?.() ?? 0,
    folders,
    users,
    resources: await readResources(partitions.filter(({ path }) => folders.has(path))),
    stateDocument: await readIfThere(options.computerXml),
    stateArchiveExists: ifThere(() => statSync(`${options.computerXml}.zip`)) !== undefined,
    stateJson: options.computerJson === undefined ? undefined : await readIfThere(options.computerJson),
    definition:
      options.outputDefinitionFile === undefined ? undefined : await readIfThere(options.outputDefinitionFile),
  };
}

function observeFolder(folder: string): FolderFacts | undefined {
  // A link is not followed: a partition's folder that is one was not made by formatting.
  const stats = ifThere(() => lstatSync(folder));
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) {
    const target = ifThere(() => statSync(folder));
    return { kind: target?.isDirectory() ? 'link-to-folder' : 'other', mode: 0, uid: stats.uid, gid: stats.gid };
  }
  return {
    kind: stats.isDirectory() ? 'folder' : 'other',
    mode: stats.mode & PERMISSION_BITS,
    uid: stats.uid,
    gid: stats.gid,
  };
}

/** Some at a time, since each waits for the disk more than it works. */
async function readResources(partitions: Computer['partitions']): Promise<ReadonlyMap<string, string>> {
  const resources = new Map<string, string>();
  const waiting = [...partitions];
  const reader = async (): Promise<void> => {
    for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift()) {
      const content = await readResource(partition.path);
      if (content !== undefined) resources.set(partition.partitionId, content);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return resources;
}

async function readResource(folder: string): Promise<string | undefined> {
  try {
    await using directory = await UntrustedDirectory.open(folder);
    return await directory.readText(RESOURCE_FILE);
  } catch (error) {
    // Whatever its owner put there instead of our file is replaced by it.
    if (isSlapOSError(error)) return undefined;
    throw error;
  }
}

/** The text of a file of ours; `undefined` when it does not exist. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new FormatError(
      'FORMAT_FOLDER',
      `Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function ifThere(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
