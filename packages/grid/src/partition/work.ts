import { type Logger, UntrustedDirectory, type UserIdentity } from '@slapos/host';
import type { PartitionInformation } from '@slapos/slap';

import { GridError } from '../errors.js';
import type { Emit } from '../pass/events.js';
import { createFileLogger, createTeeLogger } from '../pass/file-logger.js';
import { LineLog } from '../pass/line-log.js';
import type { InstancePassOptions } from '../pass/options.js';
import { folderUser } from '../pass/owner.js';
import type { GridPorts } from '../pass/ports.js';
import { ensureSubdirectory } from '../pass/subdirectory.js';
import { softwareReleasePath } from '../software/release-path.js';

/** What belongs to the agent in a partition: logs, results of promises. (spec: grid 8.1) */
const AGENT_FOLDER = '.slapgrid';
const AGENT_FOLDER_MODE = 0o755;
const LOG_FOLDER = 'log';
const LOG_FOLDER_MODE = 0o700;
const LOG_FILE = 'instance.log';
const LOG_FILE_MODE = 0o644;
/** (spec: grid 7.4) */
const LOG_ROTATION_BYTES = 20 * 1024 * 1024;
const KEPT_LOGS = 1;
const LOGGER_NAME = 'slapos.grid';

/** What the work on any partition of a pass needs. */
export interface InstanceContext {
  readonly options: InstancePassOptions;
  readonly ports: GridPorts;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
}

/** One partition while it is being worked on. */
export interface PartitionWork {
  readonly partitionId: string;
  readonly requested: PartitionInformation;
  /** Absolute path of its folder. */
  readonly directory: string;
  /** The same folder, open. */
  readonly folder: UntrustedDirectory;
  /** Owner and group of the folder. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Who runs what is in it; `undefined`: we ourselves. */
  readonly user: UserIdentity | undefined;
  /** Writes to the pass' log and to the partition's own. */
  readonly logger: Logger;
}

/** The owner of what we make in a partition; as an ordinary user everything is ours anyway. */
export function partitionOwner(work: PartitionWork): { uid?: number; gid?: number } {
  return work.user === undefined ? {} : work.owner;
}

/** Opens a partition's folder. @throws GridError `GRID_PARTITION_MISSING`. */
export async function openPartition(instanceRoot: string, partitionId: string): Promise<UntrustedDirectory> {
  await using root = await UntrustedDirectory.open(instanceRoot);
  if ((await root.stat(partitionId))?.type !== 'directory') {
    throw new GridError('GRID_PARTITION_MISSING', `Partition directory ${instanceRoot}/${partitionId} not found.`, {
      hint: 'Run slapos node format, which makes the partitions of this computer.',
    });
  }
  return await root.openSubdirectory(partitionId);
}

/** Opens a partition, and calls `run` with it. Nothing is made or changed in it. */
export async function inspectPartition<Result>(
  requested: PartitionInformation,
  context: InstanceContext,
  run: (work: PartitionWork) => Promise<Result>,
): Promise<Result> {
  const { ports, options } = context;
  const { partitionId } = requested;
  await using folder = await openPartition(options.instanceRoot, partitionId);
  const directory = `${options.instanceRoot}/${partitionId}`;
  const { uid, gid } = await folder.statSelf();
  const owner = { uid, gid };
  const user = await folderUser(ports.host, { path: directory, ...owner });
  const logger = ports.logger.child({ partition: partitionId });
  return await run({ partitionId, requested, directory, folder, owner, user, logger });
}

/**
 * Opens a partition together with its log, and calls `run` with it. (spec: grid 7.4)
 * @param log `begins`: a log that has grown large is put aside first. Not in the midst of a pass: its error names the log.
 */
export async function withPartition<Result>(
  requested: PartitionInformation,
  context: InstanceContext,
  run: (work: PartitionWork) => Promise<Result>,
  log: 'begins' | 'goes on' = 'begins',
): Promise<Result> {
  return inspectPartition(requested, context, async (work) => {
    const { folder, logger: base } = work;
    const owns = partitionOwner(work);
    await using agentFolder = await ensureSubdirectory(folder, AGENT_FOLDER, {
      mode: AGENT_FOLDER_MODE,
      ...owns,
    });
    await using logFolder = await ensureSubdirectory(agentFolder, LOG_FOLDER, {
      mode: LOG_FOLDER_MODE,
      ...owns,
    });
    const size = log === 'begins' ? ((await logFolder.stat(LOG_FILE))?.size ?? 0) : 0;
    if (size >= LOG_ROTATION_BYTES) await logFolder.rotate(LOG_FILE, KEPT_LOGS);
    await using lines = new LineLog(logFolder, LOG_FILE, { mode: LOG_FILE_MODE, ...owns }, base);
    const logger = createTeeLogger([base, createFileLogger(lines, LOGGER_NAME, context.ports.host.clock)]);
    return await run({ ...work, logger });
  });
}

/**
 * The four lines with which the work on a partition begins in its log. The blank after the URL lets terminals make a link of it.
 * (spec: grid 7.4, 9.3, 17)
 */
export function logHeading(work: PartitionWork, context: InstanceContext, what: string): void {
  const { logger, requested, directory, partitionId } = work;
  const url = requested.softwareReleaseUrl;
  logger.info(`${what} ${partitionId}.`);
  logger.info(`  Software URL: ${url ?? 'none'} `);
  logger.info(
    `  Software path: ${url === undefined ? 'none' : softwareReleasePath(context.options.softwareRoot, url)}`,
  );
  logger.info(`  Instance path: ${directory}`);
}
