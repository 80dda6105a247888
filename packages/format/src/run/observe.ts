import fs from 'node:fs/promises';
import { isSlapOSError, UntrustedDirectory, type UserIdentity } from '@slapos/host';
import type { Computer } from '../computer/computer.js';
import type { FormatOptions } from '../config/options.js';
import { FormatError } from '../errors.js';
import { RESOURCE_FILE, type FolderFacts, type ObservedMachine } from './plan.js';
import type { FormatPorts } from './format-computer.js';

const PERMISSION_BITS = 0o7777;

/** Reads what the machine has of what `computer` names. Nothing is changed. */
export async function observeMachine(
  computer: Computer,
  options: FormatOptions,
  ports: { readonly host: Pick<FormatPorts['host'], 'users' | 'isRoot'> },
): Promise<ObservedMachine> {
  const folders = new Map<string, FolderFacts>();
  const paths = [
    computer.instanceRoot,
    computer.softwareRoot,
    options.certificateRepositoryPath,
    ...computer.partitions.flatMap(({ path, externalStorage }) => [path, ...externalStorage]),
  ];
  for (const folder of paths) {
    if (folder === undefined) continue;
    const facts = await observeFolder(folder);
    if (facts) folders.set(folder, facts);
  }
  const users = new Map<string, UserIdentity>();
  for (const name of new Set([computer.softwareUser, ...computer.partitions.map(({ user }) => user.name)])) {
    const user = await ports.host.users.byName(name);
    if (user) users.set(name, user);
  }
  const resources = new Map<string, string>();
  for (const partition of computer.partitions) {
    if (!folders.has(partition.path)) continue;
    const content = await readResource(partition.path);
    if (content !== undefined) resources.set(partition.partitionId, content);
  }
  return {
    isRoot: ports.host.isRoot,
    ourUid: process.geteuid?.() ?? 0,
    folders,
    users,
    resources,
    stateDocument: await readIfThere(options.computerXml),
    stateArchiveExists: (await fs.stat(`${options.computerXml}.zip`).catch(ignoreMissing)) !== undefined,
    stateJson: options.computerJson === undefined ? undefined : await readIfThere(options.computerJson),
    definition:
      options.outputDefinitionFile === undefined ? undefined : await readIfThere(options.outputDefinitionFile),
  };
}

async function observeFolder(folder: string): Promise<FolderFacts | undefined> {
  // A link is not followed: a partition's folder that is one was not made by formatting.
  const stats = await fs.lstat(folder).catch(ignoreMissing);
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) {
    const target = await fs.stat(folder).catch(ignoreMissing);
    return { kind: target?.isDirectory() ? 'link-to-folder' : 'other', mode: 0, uid: stats.uid, gid: stats.gid };
  }
  return {
    kind: stats.isDirectory() ? 'folder' : 'other',
    mode: stats.mode & PERMISSION_BITS,
    uid: stats.uid,
    gid: stats.gid,
  };
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

function ignoreMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
