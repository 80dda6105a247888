import type { UntrustedDirectory } from '@slapos/host';

import { GridError } from '../errors.js';
import { checkFreeSpace } from '../pass/free-space.js';
import { DEFAULT_MINIMUM_FREE_BYTES } from '../pass/options.js';
import { openRoot } from '../software/observe.js';
import { softwareReleaseHash } from '../software/release-path.js';
import { certificatePaths } from './certificate.js';
import type { PartitionState } from './plan.js';
import { keepRetentionDelay, retentionDelayDays } from './retention.js';
import { type InstanceContext, partitionOwner, type PartitionWork } from './work.js';

/** What a partition's folder must have, in all twelve bits. (spec: grid 8.3) */
const PARTITION_MODE = 0o750;
const SOFTWARE_LINK = 'software_release';
const MILLISECONDS_PER_SECOND = 1000;
const OCTAL = 8;

async function openRelease(work: PartitionWork, context: InstanceContext): Promise<UntrustedDirectory> {
  const url = work.requested.softwareReleaseUrl ?? '';
  await using root = await openRoot(context.options.softwareRoot, 'software_root');
  const name = softwareReleaseHash(url);
  if (url !== '' && (await root.stat(name))?.type === 'directory') return await root.openSubdirectory(name);
  throw new GridError(
    'GRID_SOFTWARE_NOT_INSTALLED',
    url === ''
      ? `The master names no Software Release for ${work.partitionId}`
      : `Software Release ${url} is not present on this computer (${root.path}/${name} does not exist).`,
    {
      hint:
        url === ''
          ? 'Request the instance again with a Software Release.'
          : 'Supply it to this computer (slapos supply), then run slapos node software; if its build fails, that pass says why.',
      retryable: true,
    },
  );
}

async function linkRelease(work: PartitionWork, target: string): Promise<void> {
  const present = await work.folder.stat(SOFTWARE_LINK);
  if (present !== undefined && present.type !== 'link') {
    work.logger.debug('software_release is not a link: left as it is');
    return;
  }
  const owner = partitionOwner(work);
  const sameOwner = (owner.uid ?? present?.uid) === present?.uid && (owner.gid ?? present?.gid) === present?.gid;
  if (present !== undefined && sameOwner && (await work.folder.readLink(SOFTWARE_LINK)) === target) return;
  await work.folder.symlink(SOFTWARE_LINK, target, owner);
}

function octal(mode: number): string {
  return `0${mode.toString(OCTAL)}`;
}

/** Instantiates the partition from its Software Release. May be repeated at any time. (spec: grid 8.3) */
export async function installPartition(
  work: PartitionWork,
  context: InstanceContext,
  requestedState: PartitionState,
): Promise<void> {
  const { options, ports, emit } = context;
  const { partitionId, directory, folder, logger, requested } = work;
  await checkFreeSpace(
    ports.host,
    directory,
    options.minimumFreeBytes ?? DEFAULT_MINIMUM_FREE_BYTES,
    'instance_min_free_space',
  );
  const releaseDirectory = `${options.softwareRoot}/${softwareReleaseHash(requested.softwareReleaseUrl ?? '')}`;
  await linkRelease(work, releaseDirectory);
  const { mode } = await folder.statSelf();
  if (mode !== PARTITION_MODE) {
    throw new GridError(
      'GRID_WRONG_PERMISSIONS',
      `Wrong permissions in ${directory}: actual permissions are: ${octal(mode)}, wanted are ${octal(PARTITION_MODE)}`,
      { hint: `Correct them: chmod ${octal(PARTITION_MODE)} ${directory}` },
    );
  }
  await using release = await openRelease(work, context);
  const { certificateFile, keyFile } = certificatePaths(options.certificateRepositoryPath, partitionId);
  emit('partition.step', { partition: partitionId, step: 'build' });
  await ports.builder.instantiate(
    {
      directory,
      releaseDirectory,
      user: work.user,
      profile: {
        computerId: options.computerId,
        partitionId,
        masterUrl: options.masterUrl,
        softwareReleaseUrl: requested.softwareReleaseUrl ?? '',
        keyFile,
        certificateFile,
        sharedPartList: options.sharedPartList ?? [],
        buildTimePartList: options.buildTimePartList ?? [],
        requestedState,
        instanceStorageHome: options.instanceStorageHome ?? '',
        ipv4GlobalNetwork: options.ipv4GlobalNetwork ?? '',
      },
      env: { SLAPGRID_INSTANCE_ROOT: options.instanceRoot },
      debug: options.buildoutDebug === true,
      logPath: `${directory}/.slapgrid/log/instance.log`,
      ...(options.buildoutProgram === undefined ? {} : { buildoutProgram: options.buildoutProgram }),
      ...(options.partitionTimeoutSeconds === undefined
        ? {}
        : { timeoutMs: options.partitionTimeoutSeconds * MILLISECONDS_PER_SECOND }),
      onLine: (line) => {
        logger.info(line);
        emit('partition.output', { partition: partitionId, line });
      },
    },
    context.signal,
  );
  const releaseOwner = await release.statSelf();
  await keepRetentionDelay(
    folder,
    retentionDelayDays(requested.filter, logger),
    work.user === undefined ? {} : { uid: releaseOwner.uid, gid: releaseOwner.gid },
  );
}
