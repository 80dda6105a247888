import { isSlapOSError, type Logger, UntrustedDirectory } from '@slapos/host';
import type { PartitionInformation } from '@slapos/slap';
import { z } from 'zod';

import type { Master } from '../master/master.js';
import { PARTITION_ID } from './plan.js';

/** Below `<instance_root>/var/lib`, for the node alone: what it must remember while the master cannot be reached. */
const FOLDER = 'grid';
const FOLDER_MODE = 0o700;
const TARGET_FILE = 'last-target.json';
const REPORTS_FILE = 'unsent-reports.json';
const FILE_MODE = 0o600;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** The newest are kept: a master that is away for a month need not hear everything. */
const MAX_REPORTS = 1000;
const MAX_REPORT_LENGTH = 64 * 1024;

const partitionId = z.string().regex(PARTITION_ID);
const targetSchema = z.array(
  z.object({
    partitionId,
    requestedState: z.string().optional(),
    softwareReleaseUrl: z.string(),
    softwareType: z.string().optional(),
    instanceTitle: z.string().optional(),
    rootInstanceTitle: z.string().optional(),
  }),
);
const reportsSchema = z.array(z.object({ partitionId, text: z.string() }));

/** What the master wanted of a partition when it was last asked; no parameters, so no secrets. */
export type LastTarget = z.output<typeof targetSchema>[number];
/** An error of a partition that the master has not heard of. */
export type UnsentReport = z.output<typeof reportsSchema>[number];

/** The folder of such files. */
export async function openState(instanceRoot: string): Promise<UntrustedDirectory> {
  await using lib = await UntrustedDirectory.open(`${instanceRoot}/var/lib`);
  return await lib.openSubdirectory(FOLDER, { create: true, mode: FOLDER_MODE });
}

/** One of these files; `undefined`, and a line in the log, when it is not what we write. */
export async function readState<Output>(
  folder: UntrustedDirectory,
  name: string,
  schema: z.ZodType<Output>,
  logger: Logger,
): Promise<Output | undefined> {
  const text = await folder.readText(name, { maxBytes: MAX_FILE_BYTES });
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    logger.warn('A file of the node cannot be read and is ignored', { path: `${folder.path}/${name}`, error });
    return undefined;
  }
}

/** Remembers what the master wants, for the time when it cannot be asked. */
export async function rememberTarget(instanceRoot: string, partitions: readonly PartitionInformation[]): Promise<void> {
  await using folder = await openState(instanceRoot);
  const target: LastTarget[] = partitions
    .filter((partition) => PARTITION_ID.test(partition.partitionId))
    .flatMap(({ partitionId: id, softwareReleaseUrl, ...wanted }) => {
      if (softwareReleaseUrl === undefined) return [];
      const { requestedState, softwareType, instanceTitle, rootInstanceTitle } = wanted;
      return [{ partitionId: id, requestedState, softwareReleaseUrl, softwareType, instanceTitle, rootInstanceTitle }];
    });
  await folder.writeAtomicIfDifferent(TARGET_FILE, JSON.stringify(target), { mode: FILE_MODE });
}

/**
 * What the master wanted last, for those that only look; nothing is made.
 * @returns `undefined` when it was never asked, or when only the node's own user may know
 */
export async function readLastTarget(instanceRoot: string, logger: Logger): Promise<LastTarget[] | undefined> {
  try {
    await using folder = await UntrustedDirectory.open(`${instanceRoot}/var/lib/${FOLDER}`);
    return await readState(folder, TARGET_FILE, targetSchema, logger);
  } catch (error) {
    if (isSlapOSError(error)) return undefined;
    throw error;
  }
}

/** What the master wanted last; empty when it was never asked. */
export async function readTarget(instanceRoot: string, logger: Logger): Promise<LastTarget[]> {
  await using folder = await openState(instanceRoot);
  return (await readState(folder, TARGET_FILE, targetSchema, logger)) ?? [];
}

/** Keeps errors for the master; an error of a partition that is kept already is not kept twice. */
export async function queueReports(
  instanceRoot: string,
  reports: readonly UnsentReport[],
  logger: Logger,
): Promise<void> {
  if (reports.length === 0) return;
  await using folder = await openState(instanceRoot);
  const queue = (await readState(folder, REPORTS_FILE, reportsSchema, logger)) ?? [];
  for (const report of reports) {
    const text = report.text.slice(-MAX_REPORT_LENGTH);
    const isKnown = queue.some((other) => other.partitionId === report.partitionId && other.text === text);
    if (!isKnown) queue.push({ partitionId: report.partitionId, text });
  }
  await folder.writeAtomic(REPORTS_FILE, JSON.stringify(queue.slice(-MAX_REPORTS)), { mode: FILE_MODE });
}

/** Sends what was kept, each report once: what is sent is forgotten before the next one goes. */
export async function sendQueuedReports(
  instanceRoot: string,
  master: Pick<Master, 'reportPartitionError'>,
  logger: Logger,
): Promise<void> {
  await using folder = await openState(instanceRoot);
  if (!(await folder.exists(REPORTS_FILE))) return;
  const queue = (await readState(folder, REPORTS_FILE, reportsSchema, logger)) ?? [];
  while (queue.length > 0) {
    const report = queue.shift();
    if (report === undefined) break;
    await master.reportPartitionError(report.partitionId, report.text);
    await folder.writeAtomic(REPORTS_FILE, JSON.stringify(queue), { mode: FILE_MODE });
  }
  await folder.remove(REPORTS_FILE);
}
