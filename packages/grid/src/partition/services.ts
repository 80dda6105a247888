import type { Logger, UntrustedDirectory } from '@slapos/host';

/** Names that can stand in supervisord's files without meaning anything else. (spec: supervisor 3, security S4) */
const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}$/;

/** A program of a partition that has to run. */
export interface PartitionService {
  /** The file's name. */
  readonly name: string;
  /** Absolute. */
  readonly executable: string;
  /** Whether its end is an event for the master (`etc/service`), or normal (`etc/run`). */
  readonly isWatched: boolean;
}

async function listFolder(etc: UntrustedDirectory | undefined, name: string, logger: Logger): Promise<string[]> {
  if (etc === undefined || (await etc.stat(name))?.type !== 'directory') return [];
  await using folder = await etc.openSubdirectory(name);
  const names: string[] = [];
  for (const entry of await folder.list()) {
    const type = (await folder.stat(entry))?.type;
    if (!SERVICE_NAME.test(entry)) {
      logger.warn('Left out a service: its name has characters that a service name cannot have', {
        folder: folder.path,
        name: entry,
      });
    } else if (type !== 'file' && type !== 'link') {
      logger.warn('Left out a service: it is not a file', { folder: folder.path, name: entry });
    } else {
      names.push(entry);
    }
  }
  return names;
}

/**
 * The services of a partition, sorted, so that an unchanged one always gives the same configuration: first `etc/run`, then
 * `etc/service`, which wins for a name that is in both. (spec: grid 8.4, supervisor 3)
 */
export async function readPartitionServices(folder: UntrustedDirectory, logger: Logger): Promise<PartitionService[]> {
  await using etc = (await folder.stat('etc'))?.type === 'directory' ? await folder.openSubdirectory('etc') : undefined;
  const watched = await listFolder(etc, 'service', logger);
  const plain = await listFolder(etc, 'run', logger);
  const service = (subfolder: 'run' | 'service', name: string): PartitionService => ({
    name,
    executable: `${folder.path}/etc/${subfolder}/${name}`,
    isWatched: subfolder === 'service',
  });
  for (const name of plain.filter((candidate) => watched.includes(candidate))) {
    logger.warn('The same name is in etc/run and etc/service: the one in etc/service is used', { name });
  }
  return [
    ...plain.filter((name) => !watched.includes(name)).map((name) => service('run', name)),
    ...watched.map((name) => service('service', name)),
  ];
}
