import { isSlapOSError, type UntrustedDirectory } from '@slapos/host';
import type { PartitionInformation } from '@slapos/slap';

import { openRoot } from '../software/observe.js';
import { softwareReleaseHash } from '../software/release-path.js';
import { type ObservedPartition, PARTITION_ID, type RequestedPartition } from './plan.js';
import { hasPromises } from './promises.js';

/** The master's timestamp of the last success. (spec: grid 7.3) */
export const TIMESTAMP_FILE = '.timestamp';
const PERIODICITY_FILE = 'periodicity';
const MAX_SMALL_FILE_BYTES = 1024;
const INTEGER = /^\s*([+-]?\d{1,12})\s*$/;

/** What planning needs of the master's words about a partition. */
export function requestedPartition(information: PartitionInformation): RequestedPartition {
  const { partitionId, requestedState, softwareReleaseUrl, timestamp } = information;
  return {
    partitionId,
    requestedState,
    softwareReleaseUrl: softwareReleaseUrl === '' ? undefined : softwareReleaseUrl,
    timestamp,
  };
}

interface ObservedReleaseFolder {
  readonly releaseInstalled: boolean;
  readonly releasePeriodicitySeconds?: number;
  /** The release's `periodicity` file is not an integer. */
  readonly hasInvalidPeriodicity?: boolean;
}

async function observeReleaseFolder(root: UntrustedDirectory, name: string): Promise<ObservedReleaseFolder> {
  if ((await root.stat(name))?.type !== 'directory') return { releaseInstalled: false };
  await using folder = await root.openSubdirectory(name);
  if (!(await folder.exists(PERIODICITY_FILE))) return { releaseInstalled: true };
  const text = await readSmall(folder, PERIODICITY_FILE);
  const match = INTEGER.exec(text ?? '');
  if (match === null) return { releaseInstalled: true, hasInvalidPeriodicity: true };
  return { releaseInstalled: true, releasePeriodicitySeconds: Number(match[1]) };
}

/** A small text; anything that is not a small regular file counts as unreadable, and never ends the pass. (spec: security S23) */
async function readSmall(folder: UntrustedDirectory, name: string): Promise<string | undefined> {
  try {
    return await folder.readText(name, { maxBytes: MAX_SMALL_FILE_BYTES });
  } catch (error) {
    if (isSlapOSError(error) && (error.code === 'HOST_UNTRUSTED_ENTRY' || error.code === 'HOST_FILE_TOO_LARGE'))
      return undefined;
    throw error;
  }
}

/** What cannot be looked at is looked at again by the work on that partition alone, whose error it is then. */
async function mayHavePromises(folder: UntrustedDirectory): Promise<boolean> {
  try {
    return await hasPromises(folder);
  } catch (error) {
    if (isSlapOSError(error)) return true;
    throw error;
  }
}

async function observePartition(
  root: UntrustedDirectory,
  partitionId: string,
): Promise<Omit<ObservedPartition, keyof ObservedReleaseFolder>> {
  const stat = await root.stat(partitionId);
  if (stat?.type !== 'directory') return { folder: stat === undefined ? 'absent' : 'not-a-folder' };
  await using folder = await root.openSubdirectory(partitionId);
  const timestampStat = await folder.stat(TIMESTAMP_FILE);
  if (timestampStat === undefined) return { folder: 'present' };
  const timestamp = await readSmall(folder, TIMESTAMP_FILE);
  return {
    folder: 'present',
    timestampWrittenAtMs: timestampStat.modifiedMs,
    ...(timestamp === undefined ? {} : { timestamp }),
    hasPromises: await mayHavePromises(folder),
  };
}

/** What a pass found on the disk. */
export interface ObservedInstances {
  readonly partitions: ReadonlyMap<string, ObservedPartition>;
  /** Names of release folders whose `periodicity` is not an integer: the file is to be removed. (spec: grid 7.3) */
  readonly invalidPeriodicities: readonly string[];
}

/** Reads what is on the disk of the partitions that the master names. */
export async function observeInstances(
  roots: { readonly instanceRoot: string; readonly softwareRoot: string },
  requested: readonly RequestedPartition[],
): Promise<ObservedInstances> {
  await using instances = await openRoot(roots.instanceRoot, 'instance_root');
  await using softwares = await openRoot(roots.softwareRoot, 'software_root');
  const releases = new Map<string, ObservedReleaseFolder>();
  const partitions = new Map<string, ObservedPartition>();
  for (const { partitionId, softwareReleaseUrl } of requested) {
    // A name that could lead elsewhere is not even looked at. (spec: security S29)
    if (!PARTITION_ID.test(partitionId)) continue;
    const hash = softwareReleaseUrl === undefined ? undefined : softwareReleaseHash(softwareReleaseUrl);
    let release = hash === undefined ? { releaseInstalled: false } : releases.get(hash);
    if (release === undefined) {
      release = await observeReleaseFolder(softwares, hash ?? '');
      releases.set(hash ?? '', release);
    }
    partitions.set(partitionId, { ...(await observePartition(instances, partitionId)), ...release });
  }
  const invalidPeriodicities = [...releases]
    .filter(([, release]) => release.hasInvalidPeriodicity)
    .map(([name]) => name);
  return { partitions, invalidPeriodicities };
}

/** Removes a `periodicity` file that is not an integer, so that it is not read again. */
export async function removeInvalidPeriodicity(softwareRoot: string, directoryName: string): Promise<void> {
  await using root = await openRoot(softwareRoot, 'software_root');
  await using folder = await root.openSubdirectory(directoryName);
  await folder.removeTree(PERIODICITY_FILE);
}
