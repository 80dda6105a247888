import path from 'node:path';

import { type Host, isSlapOSError, type Logger, silentLogger, UntrustedDirectory } from '@slapos/host';

import { reasonOf } from '../errors.js';
import { type CollectOptions, dataLogFolder } from '../options.js';
import { writeDayConsumption } from '../report/consumption.js';
import { packDayFolders } from '../report/day-archives.js';
import { dumpPastDays } from '../report/day-dump.js';
import { writePartitionFiles } from '../report/partition-files.js';
import { daySeries, seriesCsv, seriesJson } from '../report/today-series.js';
import { ProcFolder } from '../snapshot/proc-folder.js';
import { DATABASE_NAME, databaseError, type OpenDatabase, openDatabase } from '../store/open-database.js';
import { addRows, forgetReported, unreportedDates } from '../store/write-rows.js';
import { dateBefore, type Stamp, stampOf } from '../time.js';
import { measureFolders } from './measure-folders.js';
import { measureHeating } from './measure-heating.js';
import { measureMachine } from './measure-machine.js';
import { readKept, writeKept } from './kept-readings.js';

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
const LOCK_NAME = 'slapos-collect.pid';
/** Documents are made for so many days before today. */
const CONSUMPTION_DAYS = 2;

export interface CollectPorts {
  readonly host: Pick<Host, 'commands' | 'users' | 'clock' | 'locks'>;
  readonly logger?: Logger;
  readonly proc?: ProcFolder;
  readonly signal?: AbortSignal;
}

/** What a run did. */
export interface CollectResult {
  /** False when another run was active, and nothing was done. */
  readonly ran: boolean;
  readonly stamp: Stamp;
  readonly processes: number;
  /** Parts that failed, each in words; the others were done. */
  readonly problems: readonly string[];
}

/**
 * Measures the machine and its partitions once, keeps it, and brings all reports up to date. Meant for every minute; a run that was killed at
 * any instant is made good by the next one. (spec: collect §2)
 *
 * What fails alone (a partition's folder, the sensors, a disk) ends nothing else: it is logged and told in `problems`.
 * @throws CollectError `COLLECT_DATABASE_BROKEN`, `COLLECT_DATABASE_FAILED`; HostError for folders of the node itself
 */
export async function collect(options: CollectOptions, ports: CollectPorts): Promise<CollectResult> {
  const { host, logger = silentLogger, proc = new ProcFolder() } = ports;
  const now = host.clock.now();
  const stamp = stampOf(now);
  const { instanceRoot, computerId } = options;
  await makeFolders(instanceRoot, ['var', 'run']);
  const lockPath = path.join(instanceRoot, 'var', 'run', LOCK_NAME);
  await using lock = await acquireOrNothing(host, lockPath);
  if (lock === undefined) {
    logger.info('Another run of collect is active: nothing to do');
    return { ran: false, stamp, processes: 0, problems: [] };
  }
  await makeFolders(instanceRoot, ['var', 'data-log']);
  await makeFolders(instanceRoot, ['var', 'consumption-report']);
  await makeFolders(instanceRoot, ['var', 'xml_report', computerId]);
  await using dataLog = await UntrustedDirectory.open(dataLogFolder(instanceRoot));
  await dataLog.setOwnAttributes({ mode: FOLDER_MODE });
  await using database = openDatabase(path.join(dataLog.path, DATABASE_NAME));
  await dataLog.setAttributes(DATABASE_NAME, { mode: FILE_MODE });

  const problems: string[] = [];
  const attempt = async (what: string, action: () => Promise<unknown>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      ports.signal?.throwIfAborted();
      const reason = reasonOf(databaseError(database.file, error));
      problems.push(`${what}: ${reason}`);
      logger.error(what, { reason });
    }
  };
  const context = { options, host, logger, proc, stamp, now, database, attempt, ...signalOf(ports) };

  const kept = await readKept(dataLog);
  const measured = await measureMachine(kept, context);
  await inDatabase(database, () => addRows(database.tables, measured.rows));
  const folders = await measureFolders(kept?.folders ?? {}, context);
  await writeKept(dataLog, { ...measured.kept, folders });
  if (options.heatingSensorId !== undefined) {
    await attempt('The heating test failed', () => measureHeating(context));
  }

  await attempt('The series of today could not be written', async () => {
    for (const series of await daySeries(database.tables, stamp.date)) {
      await dataLog.writeAtomic(`${series.name}.csv`, seriesCsv(series), { mode: FILE_MODE, durable: false });
      if (options.writesJson === true) {
        await dataLog.writeAtomic(`${series.name}.json`, seriesJson(series), { mode: FILE_MODE, durable: false });
      }
    }
  });
  await attempt('Past days could not be dumped', () => dumpPastDays(database.tables, dataLog, stamp.date));
  await attempt('The consumption could not be written', () => writeConsumption(options, database, now));
  for (const user of options.users) {
    await attempt(`The measurements of ${user.userName} could not be written into ${user.folder}`, () =>
      writePartitionFiles(user, { tables: database.tables, proc, logger, now }),
    );
  }
  await attempt('Dumps could not be packed', async () => {
    const unfinished = new Set(await unreportedDates(database.tables, stamp.date));
    await packDayFolders(dataLog, unfinished, { commands: host.commands, logger, ...signalOf(ports) });
  });
  await attempt('Old measurements could not be deleted', () => forgetOld(options, database, now));
  return { ran: true, stamp, processes: measured.processes, problems };
}

function signalOf({ signal }: CollectPorts): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function acquireOrNothing(host: Pick<Host, 'locks'>, file: string): Promise<AsyncDisposable | undefined> {
  try {
    return await host.locks.acquire(file);
  } catch (error) {
    if (isSlapOSError(error) && error.code === 'HOST_LOCKED') return undefined;
    throw error;
  }
}

async function inDatabase(database: OpenDatabase, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw databaseError(database.file, error);
  }
}

/** Makes a folder below the instance root, and those above it. */
async function makeFolders(instanceRoot: string, names: readonly string[]): Promise<void> {
  let current = await UntrustedDirectory.open(instanceRoot);
  for (const name of names) {
    await using parent = current;
    current = await parent.openSubdirectory(name, { create: true, mode: FOLDER_MODE });
  }
  await current[Symbol.asyncDispose]();
}

async function writeConsumption(
  { instanceRoot, computerId }: CollectOptions,
  { tables }: OpenDatabase,
  now: number,
): Promise<void> {
  await using done = await UntrustedDirectory.open(path.join(instanceRoot, 'var', 'consumption-report'));
  await using outbox = await UntrustedDirectory.open(path.join(instanceRoot, 'var', 'xml_report', computerId));
  for (let days = CONSUMPTION_DAYS; days > 0; days -= 1) {
    await writeDayConsumption(tables, { done, outbox }, dateBefore(now, days), computerId);
  }
}

/** Deletes what is too old, and gives the space back. */
async function forgetOld({ keptDays }: CollectOptions, database: OpenDatabase, now: number): Promise<void> {
  const dates = Array.from({ length: keptDays }, (_, days) => dateBefore(now, days));
  const deleted = await forgetReported(database.tables, dates);
  // Also when a run was killed between the two.
  if (deleted > 0 || database.reclaimableBytes() > 0) database.vacuum();
}
