import { type Logger, UntrustedDirectory } from '@slapos/host';
import { checkComputerUsage, readPartitionUsage } from '@slapos/slap';

import { type ReportFile, reportHash, type UsageBatch, type UsageOutbox, type UsageReport } from './outbox.js';

/** In a partition, and below the instance root. */
const FOLDERS = ['var', 'xml_report'] as const;
/** Reports that the master does not take; only their authors can say what they meant. */
const REFUSED_FOLDER = 'refused';
const REFUSED_FOLDER_MODE = 0o755;
const REFUSED_MODE = 0o644;
const MAX_PARTITION_REPORT_BYTES = 64 * 1024;
const MAX_COMPUTER_REPORT_BYTES = 5 * 1024 * 1024;
const MAX_ENTRIES = 10_000;
/** The master reads a document in one piece. */
const MAX_MOVEMENTS_OF_BATCH = 10_000;

/** Opens a folder below another one; `undefined` when one on the way is no folder. */
async function openBelow(
  parent: UntrustedDirectory,
  names: readonly string[],
): Promise<UntrustedDirectory | undefined> {
  const [name, ...rest] = names;
  if (name === undefined || (await parent.stat(name))?.type !== 'directory') return undefined;
  const folder = await parent.openSubdirectory(name);
  if (rest.length === 0) return folder;
  await using passed = folder;
  return await openBelow(passed, rest);
}

/** The folder in which a file of this place lies; `undefined` when it is gone. */
export async function openReportFolder(
  instanceRoot: string,
  { owner, place }: Pick<ReportFile, 'owner' | 'place'>,
): Promise<UntrustedDirectory | undefined> {
  await using root = await UntrustedDirectory.open(instanceRoot);
  return await openBelow(root, place === 'partition' ? [owner, ...FOLDERS] : [...FOLDERS, owner]);
}

interface FoundReport {
  readonly file: ReportFile;
  readonly document: string;
}

/** The regular files of a folder of reports, without those that are on their way already. */
async function* findReports(
  instanceRoot: string,
  where: Pick<ReportFile, 'owner' | 'place'>,
  maxBytes: number,
  outbox: UsageOutbox,
  logger: Logger,
): AsyncGenerator<FoundReport> {
  await using folder = await openReportFolder(instanceRoot, where);
  if (folder === undefined) return;
  for (const name of await folder.list({ maxEntries: MAX_ENTRIES })) {
    if ((await folder.stat(name))?.type !== 'file') continue;
    try {
      const bytes = await folder.readBytes(name, { maxBytes });
      if (bytes === undefined) continue;
      const file: ReportFile = { ...where, name, sha256: reportHash(bytes) };
      if (!outbox.has(file)) yield { file, document: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
    } catch (error) {
      logger.info('The usage report cannot be read, and is left in place', { file: `${folder.path}/${name}`, error });
    }
  }
}

/** Reads the valid reports of a partition; what is wrong with the others is logged, and they stay. (spec: grid 11, step 3) */
export async function readPartitionReports(
  instanceRoot: string,
  partitionId: string,
  outbox: UsageOutbox,
  logger: Logger,
): Promise<UsageReport[]> {
  const reports: UsageReport[] = [];
  for (const place of ['partition', 'shared'] as const) {
    const where = { owner: partitionId, place };
    for await (const { file, document } of findReports(
      instanceRoot,
      where,
      MAX_PARTITION_REPORT_BYTES,
      outbox,
      logger,
    )) {
      try {
        reports.push({ file, movements: readPartitionUsage(document) });
      } catch (error) {
        logger.info('The usage report is not valid, and is left in place', { file: file.name, error });
      }
    }
  }
  return reports;
}

/** The valid reports about the whole computer, each a document of its own. (spec: grid 11, step 4) */
export async function readComputerReports(
  instanceRoot: string,
  computerId: string,
  outbox: UsageOutbox,
  logger: Logger,
): Promise<UsageBatch[]> {
  const batches: UsageBatch[] = [];
  const where = { owner: computerId, place: 'shared' } as const;
  for await (const { file, document } of findReports(instanceRoot, where, MAX_COMPUTER_REPORT_BYTES, outbox, logger)) {
    try {
      checkComputerUsage(document);
      batches.push({ kind: 'computer', file, document, isAccepted: false });
    } catch (error) {
      logger.info('The usage report of the computer is not valid, and is left in place', { file: file.name, error });
    }
  }
  return batches;
}

/** Puts reports together to documents that a master can read. */
export function makeBatches(reports: readonly UsageReport[], stopDate: string): UsageBatch[] {
  const batches: UsageReport[][] = [];
  let movements = Number.POSITIVE_INFINITY;
  for (const report of reports) {
    if (movements + report.movements.length > MAX_MOVEMENTS_OF_BATCH) {
      batches.push([]);
      movements = 0;
    }
    batches.at(-1)?.push(report);
    movements += report.movements.length;
  }
  return batches.map((own) => ({ kind: 'partitions', stopDate, reports: own, isAccepted: false }));
}

/** Removes the files of reports that have been accepted; one that has another content by now is another report. */
export async function removeReportFiles(instanceRoot: string, files: readonly ReportFile[]): Promise<void> {
  for (const file of files) {
    await using folder = await openReportFolder(instanceRoot, file);
    if (folder === undefined || !(await isUnchanged(folder, file))) continue;
    await folder.remove(file.name);
  }
}

/** Puts reports that the master does not take where nobody reads them again. (spec: security S28) */
export async function setReportsAside(instanceRoot: string, files: readonly ReportFile[]): Promise<void> {
  for (const file of files) {
    await using folder = await openReportFolder(instanceRoot, file);
    if (folder === undefined || !(await isUnchanged(folder, file))) continue;
    const bytes = await folder.readBytes(file.name, { maxBytes: MAX_COMPUTER_REPORT_BYTES });
    const { uid, gid } = await folder.statSelf();
    if ((await folder.stat(REFUSED_FOLDER))?.type !== 'directory') await folder.remove(REFUSED_FOLDER);
    await using refused = await folder.openSubdirectory(REFUSED_FOLDER, {
      create: true,
      mode: REFUSED_FOLDER_MODE,
      uid,
      gid,
    });
    if (bytes !== undefined) await refused.writeAtomic(file.name, bytes, { mode: REFUSED_MODE, uid, gid });
    await folder.remove(file.name);
  }
}

async function isUnchanged(folder: UntrustedDirectory, file: ReportFile): Promise<boolean> {
  if ((await folder.stat(file.name))?.type !== 'file') return false;
  const bytes = await folder.readBytes(file.name, { maxBytes: MAX_COMPUTER_REPORT_BYTES }).catch(() => undefined);
  return bytes !== undefined && reportHash(bytes) === file.sha256;
}
