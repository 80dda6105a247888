import { writeFileAtomically, UntrustedDirectory } from '@slapos/host';

import { GridError } from '../errors.js';
import { type InstanceContext, partitionOwner, type PartitionWork } from './work.js';

const KEY_MODE = 0o400;
const MAX_PEM_BYTES = 1024 * 1024;
const WRITABLE_BY_OTHERS = 0o022;

/** Where a partition's certificate and key are; empty texts without a repository. */
export function certificatePaths(
  certificateRepositoryPath: string | undefined,
  partitionId: string,
): { readonly certificateFile: string; readonly keyFile: string } {
  if (certificateRepositoryPath === undefined) return { certificateFile: '', keyFile: '' };
  return {
    certificateFile: `${certificateRepositoryPath}/${partitionId}.crt`,
    keyFile: `${certificateRepositoryPath}/${partitionId}.key`,
  };
}

async function openRepository(directory: string): Promise<UntrustedDirectory> {
  const repository = await UntrustedDirectory.open(directory);
  const stat = await repository.statSelf();
  if ((stat.mode & WRITABLE_BY_OTHERS) === 0) return repository;
  await repository[Symbol.asyncDispose]();
  throw new GridError(
    'GRID_WRONG_PERMISSIONS',
    `The certificate repository ${directory} can be written by others (mode 0${stat.mode.toString(8)})`,
    {
      hint: `Private keys are kept there: chmod 0711 ${directory}`,
    },
  );
}

/** Fetches the partition's certificate and writes what changed. Does nothing without a repository. (spec: grid 8.2) */
export async function refreshCertificate(work: PartitionWork, context: InstanceContext): Promise<void> {
  const { certificateRepositoryPath } = context.options;
  if (certificateRepositoryPath === undefined) return;
  const { partitionId, logger } = work;
  context.emit('partition.step', { partition: partitionId, step: 'certificate' });
  const fetched = await context.ports.master.fetchPartitionCertificate(
    partitionId,
    context.signal === undefined ? {} : { signal: context.signal },
  );
  await using repository = await openRepository(certificateRepositoryPath);
  for (const [extension, content] of [
    ['crt', fetched.certificate],
    ['key', fetched.key],
  ] as const) {
    if (content === '') {
      throw new GridError(
        'GRID_CERTIFICATE_INVALID',
        `The master sent an empty ${extension === 'crt' ? 'certificate' : 'key'} for ${partitionId}`,
      );
    }
    const name = `${partitionId}.${extension}`;
    const stat = await repository.stat(name);
    const present = stat?.type === 'file' ? await repository.readText(name, { maxBytes: MAX_PEM_BYTES }) : undefined;
    const wanted = partitionOwner(work);
    const sameOwner = (wanted.uid ?? stat?.uid) === stat?.uid && (wanted.gid ?? stat?.gid) === stat?.gid;
    if (present === content && stat?.mode === KEY_MODE && sameOwner) continue;
    const path = `${repository.path}/${name}`;
    logger.info(
      stat === undefined ? `Missing certificate file. Creating ${path}` : `Changed ${path} content. Updating ${path}`,
    );
    await writeFileAtomically(path, content, { mode: KEY_MODE, ...wanted });
  }
}
