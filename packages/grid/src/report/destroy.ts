import {
  endProcessesOfUser,
  type Logger,
  removeAsOwner,
  removeTracesOfUser,
  UntrustedDirectory,
  type UserIdentity,
} from '@slapos/host';
import { removePartitionGroup, removePartitionGroups } from '@slapos/supervisor';
import type { PartitionInformation } from '@slapos/slap';

import { GridError } from '../errors.js';
import { removePartitionFirewall } from '../firewall/partition-firewall.js';
import { certificatePaths, refreshCertificate } from '../partition/certificate.js';
import { claimPartition, noteRemoval } from '../partition/claim.js';
import { runManagers } from '../partition/managed.js';
import { mayBeRemoved } from '../partition/retention.js';
import { type InstanceContext, partitionOwner, type PartitionWork, withPartition } from '../partition/work.js';

/** Processes that must have ended before, a `group:process` a line; the prerm manager writes it. */
const WAIT_LIST_FILE = '.slapos-report-wait-service-list';
const MAX_WAIT_LIST_BYTES = 64 * 1024;
const WAITED_STATES = new Set(['RUNNING', 'STARTING']);
const RELEASE_LINK = 'software_release';
const STORAGE_LINKS_FOLDER = 'DATA';
const FOLDER_MODE = 0o750;
const DESTROY_TIMEOUT_MS = 3_600_000;

/** Why a destroyed instance is still there. */
export type KeptReason = 'report-not-sent' | 'waiting-for-processes' | 'retention' | 'being-processed';
/** What became of a destroyed instance. */
export type DestructionResult =
  | { readonly outcome: 'destroyed' }
  | { readonly outcome: 'kept'; readonly reason: KeptReason };

/**
 * Stops a destroyed instance, and removes it when nothing holds it any longer. Can be repeated after a crash at any step.
 * (spec: grid 8.6 and 11, step 6; security S19)
 * @param hasPendingReports its usage has not been told to the master yet
 */
export async function destroyPartition(
  requested: PartitionInformation,
  hasPendingReports: boolean,
  context: InstanceContext,
): Promise<DestructionResult> {
  const { locks } = context.ports.host;
  await using claim = await claimPartition(locks, context.options.instanceRoot, requested.partitionId);
  if (claim === undefined) {
    const logger = context.ports.logger.child({ partition: requested.partitionId });
    return kept(logger, 'being-processed', 'an instance pass works on it');
  }
  return await withPartition(requested, context, async (work) => {
    const { ports, options } = context;
    const { logger, partitionId } = work;
    if (await removePartitionGroup(options.instanceRoot, partitionId)) {
      logger.info('Stopping the services of the Computer Partition.');
      await ports.supervisor.update();
    }
    await refreshCertificate(work, context);
    await ports.master.reportPartitionStopped(partitionId).catch((error: unknown) => {
      logger.debug('The master did not take the report', { error });
    });
    await runManagers('report', requested, context);
    if (hasPendingReports) return kept(logger, 'report-not-sent', 'its usage has not been reported');
    const awaited = await runningProcesses(work, context);
    if (awaited.length > 0) return kept(logger, 'waiting-for-processes', `it waits for ${awaited.join(', ')}`);
    if (!(await mayBeRemoved(work.folder, ports.host.clock.now(), partitionOwner(work))))
      return kept(logger, 'retention', 'it is kept for some time');
    logger.info('Destroying the Computer Partition.');
    await noteRemoval(options.instanceRoot, partitionId, logger);
    await runDestroyScript(work, context);
    await removeCertificates(context, partitionId);
    await removePartitionFirewall(work, context);
    await removeStorage(work, context);
    if (await removePartitionGroups(options.instanceRoot, partitionId)) await ports.supervisor.update();
    await evictUser(work, context);
    await emptyFolder(work, context);
    return { outcome: 'destroyed' };
  });
}

function kept(logger: Logger, reason: KeptReason, because: string): DestructionResult {
  logger.info(`The Computer Partition is not destroyed: ${because}`);
  return { outcome: 'kept', reason };
}

async function runningProcesses({ folder }: PartitionWork, { ports }: InstanceContext): Promise<string[]> {
  if ((await folder.stat(WAIT_LIST_FILE))?.type !== 'file') return [];
  const text = (await folder.readText(WAIT_LIST_FILE, { maxBytes: MAX_WAIT_LIST_BYTES })) ?? '';
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const running: string[] = [];
  for (const name of names) {
    const info = await ports.supervisor.processInfo(name);
    if (info !== undefined && WAITED_STATES.has(info.stateName)) running.push(name);
  }
  return running;
}

/** The instance's own way to say good-bye. */
async function runDestroyScript(work: PartitionWork, { ports, signal }: InstanceContext): Promise<void> {
  const { folder, directory, user, logger } = work;
  if ((await folder.stat('sbin'))?.type !== 'directory') return;
  await using sbin = await folder.openSubdirectory('sbin');
  if (!(await sbin.exists('destroy'))) return;
  const { exitCode, timedOut } = await ports.host.commands.run(
    {
      file: `${directory}/sbin/destroy`,
      args: [],
      cwd: directory,
      env: { HOME: user?.home ?? directory },
      ...(user === undefined ? {} : { user }),
      timeoutMs: DESTROY_TIMEOUT_MS,
      onLine: (line) => logger.info(line),
      killLeftovers: true,
      dieWithUs: true,
    },
    signal === undefined ? {} : { signal },
  );
  if (exitCode === 0) return;
  const how = timedOut ? 'was killed after an hour' : `ended with ${exitCode === null ? 'a signal' : String(exitCode)}`;
  throw new GridError('GRID_DESTROY_SCRIPT_FAILED', `${directory}/sbin/destroy ${how}, so the instance is kept`, {
    hint: 'Look at its output above; the next report pass runs it again.',
    retryable: true,
  });
}

async function removeCertificates({ options }: InstanceContext, partitionId: string): Promise<void> {
  const { certificateRepositoryPath } = options;
  if (certificateRepositoryPath === undefined) return;
  const { keyFile, certificateFile } = certificatePaths(certificateRepositoryPath, partitionId);
  await using repository = await UntrustedDirectory.open(certificateRepositoryPath);
  for (const file of [keyFile, certificateFile]) await repository.remove(file.slice(file.lastIndexOf('/') + 1));
}

/** Empties what the partition has on other disks. (spec: grid 8.6, step 7) */
async function removeStorage(work: PartitionWork, context: InstanceContext): Promise<void> {
  const home = context.options.instanceStorageHome;
  if (home === undefined || (await work.folder.stat(STORAGE_LINKS_FOLDER))?.type !== 'directory') return;
  await using links = await work.folder.openSubdirectory(STORAGE_LINKS_FOLDER);
  await using storages = await UntrustedDirectory.open(home);
  for (const name of await links.list()) {
    await links.removeTree(name);
    if ((await storages.stat(name))?.type !== 'directory') continue;
    await using storage = await storages.openSubdirectory(name);
    if ((await storage.stat(work.partitionId))?.type !== 'directory') continue;
    await using own = await storage.openSubdirectory(work.partitionId);
    await removeEntries(own, work.user, context);
  }
}

/** The next instance here has the same user, and must find nothing of this one. (spec: security S19) */
async function evictUser(work: PartitionWork, context: InstanceContext): Promise<void> {
  const { user, logger, partitionId } = work;
  const { host } = context.ports;
  if (user === undefined || (await isSharedUser(user, partitionId, context))) return;
  const traces = { commands: host.commands, clock: host.clock, logger, signal: context.signal };
  const left = await endProcessesOfUser(user, traces);
  if (left.length > 0) {
    throw new GridError('GRID_PROCESSES_LEFT', `Processes of ${user.name} cannot be ended: ${left.join(', ')}`, {
      hint: 'They may hang in the kernel (state D in ps): the partition is not given to anybody else before they are gone.',
      retryable: true,
    });
  }
  for (const trace of await removeTracesOfUser(user, traces)) logger.info('Removed what the instance left', { trace });
}

/** Whether another partition has the same user: then nothing that belongs to it can be told to be this one's. */
async function isSharedUser(user: UserIdentity, partitionId: string, { options }: InstanceContext): Promise<boolean> {
  await using root = await UntrustedDirectory.open(options.instanceRoot);
  for (const name of await root.list()) {
    if (name === partitionId) continue;
    const stat = await root.stat(name);
    if (stat?.type === 'directory' && stat.uid === user.uid) return true;
  }
  return false;
}

/** Removes all that is in the partition's folder, which stays. The link to the software goes first: without it nothing counts as deployed. */
async function emptyFolder(work: PartitionWork, context: InstanceContext): Promise<void> {
  const { folder, user, owner } = work;
  if ((await folder.stat(RELEASE_LINK))?.type === 'link') await folder.remove(RELEASE_LINK);
  await removeEntries(folder, user, context);
  await folder.setOwnAttributes({ mode: FOLDER_MODE, ...(user === undefined ? {} : owner) });
}

async function removeEntries(
  folder: UntrustedDirectory,
  user: UserIdentity | undefined,
  { ports, signal }: InstanceContext,
): Promise<void> {
  const { commands, disks } = ports.host;
  const asOwner = user === undefined ? {} : { asOwner: removeAsOwner({ commands, disks, user, logger: ports.logger }) };
  for (const name of await folder.list())
    await folder.removeTree(name, { ...asOwner, ...(signal === undefined ? {} : { signal }) });
}
