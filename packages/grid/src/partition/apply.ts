import type { PartitionInformation } from '@slapos/slap';

import { BuildError, errorReport, GridError } from '../errors.js';
import { removePartitionFirewall, setPartitionFirewall } from '../firewall/partition-firewall.js';
import { isMasterUnreachable } from '../master/failures.js';
import type { ItemOutcome } from '../pass/events.js';
import { refreshCertificate } from './certificate.js';
import { installPartition } from './install.js';
import { TIMESTAMP_FILE } from './observe.js';
import type { PlannedPartition } from './plan.js';
import { hasPromises, promiseFailureText, runPartitionPromises } from './promises.js';
import { configureServices, removeServices } from './supervision.js';
import { tidyFreePartition } from './tidy.js';
import type { ToldStatus } from './told-status.js';
import { beginTransaction, endTransaction } from './transaction.js';
import { type InstanceContext, inspectPartition, logHeading, type PartitionWork, withPartition } from './work.js';

const TIMESTAMP_MODE = 0o644;
const ERROR_LOG_MODE = 0o644;

/** A partition that is to be processed. */
export type PlannedProcess = Extract<PlannedPartition, { action: 'process' }>;

/** A promise that fails, and what it says. */
export interface FailedPromise {
  readonly name: string;
  readonly message: string;
}

/** How the work on one partition ended. */
export interface PartitionEnd {
  readonly outcome: ItemOutcome;
  readonly error?: Error;
  /** Where it says in full why it failed. */
  readonly logPath?: string;
  /** The first promise that fails. */
  readonly failedPromise?: FailedPromise;
}

function errorLogName(partitionId: string): string {
  return `.slapgrid-${partitionId}-error.log`;
}

function callOptions(context: InstanceContext): { signal?: AbortSignal } {
  return context.signal === undefined ? {} : { signal: context.signal };
}

/** Reports what is only for information: a master that does not take it changes nothing, unless it is unreachable. */
async function reportLeniently(work: PartitionWork, report: Promise<void>): Promise<void> {
  try {
    await report;
  } catch (error) {
    if (isMasterUnreachable(error)) throw error;
    work.logger.debug('The master did not take the report', { error });
  }
}

/**
 * First half of processing: everything up to the update of the supervisor, which is done once for all partitions. For a started
 * partition: built, and its services configured. For the others: stopped ones are built too, and the services are taken out of the
 * configuration even when that fails. (spec: grid 7.4)
 */
export async function preparePartition(
  planned: PlannedProcess,
  requested: PartitionInformation,
  context: InstanceContext,
): Promise<void> {
  await withPartition(requested, context, async (work) => {
    const { logger, folder } = work;
    await beginTransaction(work);
    // Absent while, and after, a processing that fails. (spec: grid 7.3)
    if (planned.keepsTimestamp) await folder.removeTree(TIMESTAMP_FILE);
    logHeading(work, context, 'Processing Computer Partition');
    logger.debug('Why it is processed', { reason: planned.reason });
    await refreshCertificate(work, context);
    await folder.removeTree(errorLogName(work.partitionId));
    if (planned.requestedState === 'destroyed') {
      await removeServices(work, context);
      await removePartitionFirewall(work, context);
      return;
    }
    try {
      await installPartition(work, context, planned.requestedState);
      if (planned.services === 'start') await configureServices(work, context);
      await setPartitionFirewall(work, context);
    } finally {
      if (planned.services === 'stop') await removeServices(work, context);
    }
  });
}

/** Second half, after the supervisor's update: start, promises, reports, and last the mark that it is done. (spec: grid 7.4) */
export async function finishPartition(
  planned: PlannedProcess,
  requested: PartitionInformation,
  context: InstanceContext,
): Promise<PartitionEnd> {
  return withPartition(
    requested,
    context,
    async (work) => {
      const { ports, emit } = context;
      const { partitionId } = work;
      const isStarted = planned.requestedState === 'started';
      if (planned.services === 'start') {
        emit('partition.step', { partition: partitionId, step: 'start' });
        const started = await ports.supervisor.startGroup(partitionId);
        if (started === 'nothing-to-start') work.logger.info('Nothing to start on the Computer Partition.');
        const report = await runPartitionPromises(work, context, 'test');
        if (report.firstFailure !== undefined) {
          const error = new GridError('GRID_PROMISE_FAILED', promiseFailureText(report.firstFailure), {
            hint: `Look at ${work.directory}/.slapgrid/promise/log, and at the services of the partition (slapos node status).`,
            retryable: true,
          });
          work.logger.error(error.message);
          await ports.master.reportPartitionError(partitionId, error.message);
          return { outcome: 'promise-failed', error, failedPromise: report.firstFailure };
        }
      }
      emit('partition.step', { partition: partitionId, step: 'report' });
      if (planned.services === 'start') await ports.master.reportPartitionStarted(partitionId, callOptions(context));
      // With force-stop a started partition is stopped without a word to the master.
      else if (!isStarted)
        await reportLeniently(work, ports.master.reportPartitionStopped(partitionId, callOptions(context)));
      if (planned.requestedState !== 'destroyed') await endTransaction(work, context);
      if (planned.keepsTimestamp && requested.timestamp !== undefined) {
        await work.folder.writeAtomic(TIMESTAMP_FILE, requested.timestamp, { mode: TIMESTAMP_MODE });
      }
      return { outcome: 'processed' };
    },
    'goes on',
  );
}

/** Leaves the partition with the error on its disk, its promises' results up to date, and the master told. (spec: grid 7.4) */
export async function failPartition(
  planned: PlannedPartition,
  requested: PartitionInformation,
  context: InstanceContext,
  thrown: unknown,
): Promise<PartitionEnd> {
  const { ports, signal } = context;
  const { partitionId } = planned;
  const error =
    signal?.aborted === true
      ? new GridError('GRID_INTERRUPTED', 'The pass was interrupted', { cause: thrown, retryable: true })
      : thrown instanceof Error
        ? thrown
        : new Error(String(thrown));
  const isBroken = planned.action === 'refuse';
  let logPath: string | undefined;
  try {
    if (isBroken) ports.logger.error(error.message, { partition: partitionId });
    else {
      await withPartition(
        requested,
        context,
        async (work) => {
          // The output of a build has been logged while it came.
          if (!(error instanceof BuildError)) work.logger.error('Failed to process the Computer Partition.', { error });
          // It may have been there already, with only the certainty missing that the disk has it.
          if (planned.action === 'process' && planned.keepsTimestamp) await work.folder.removeTree(TIMESTAMP_FILE);
          await work.folder.writeAtomic(errorLogName(partitionId), errorReport(error), { mode: ERROR_LOG_MODE });
          logPath = `${work.directory}/${errorLogName(partitionId)}`;
          const isStarted = planned.action === 'process' && planned.services === 'start';
          if (isStarted && signal?.aborted !== true) await runPartitionPromises(work, context, 'test');
        },
        'goes on',
      );
    }
  } catch (second) {
    ports.logger.warn('Could not leave the error in the partition', { partition: partitionId, error: second });
  }
  if (!isMasterUnreachable(error)) await ports.master.reportPartitionError(partitionId, errorReport(error));
  return { outcome: 'failed', error, ...(logPath === undefined ? {} : { logPath }) };
}

/** Looks at the promises of a partition that is up to date, and tells the master when their state changed. (spec: grid 9.4) */
export async function checkPartition(
  requested: PartitionInformation,
  context: InstanceContext,
  told: ToldStatus,
): Promise<PartitionEnd> {
  return inspectPartition(requested, context, async (work) => {
    const { ports } = context;
    const report = (await hasPromises(work.folder)) ? await runPartitionPromises(work, context, 'anomaly') : {};
    const known = told.known(requested);
    if (report.firstFailure !== undefined) {
      const text = promiseFailureText(report.firstFailure);
      work.logger.error(text);
      if (known !== 'failing') {
        await refreshCertificate(work, context);
        await ports.master.reportPartitionError(work.partitionId, text);
        told.note(requested, 'failing');
      }
    } else if (known !== 'well') {
      await refreshCertificate(work, context);
      await ports.master.reportPartitionStarted(work.partitionId, callOptions(context));
      told.note(requested, 'well');
    }
    return {
      outcome: 'unchanged',
      ...(report.firstFailure === undefined ? {} : { failedPromise: report.firstFailure }),
    };
  });
}

/** A partition that cannot even be looked at. */
export function refusal(planned: PlannedPartition, requested: PartitionInformation, instanceRoot: string): GridError {
  if (planned.reason === 'folder-missing') {
    return new GridError(
      'GRID_PARTITION_MISSING',
      `Partition directory ${instanceRoot}/${planned.partitionId} not found.`,
      {
        hint: 'Run slapos node format, which makes the partitions of this computer.',
      },
    );
  }
  if (planned.reason === 'unknown-state') {
    return new GridError(
      'GRID_UNKNOWN_STATE',
      `The master wants ${planned.partitionId} in the unknown state ${JSON.stringify(requested.requestedState)}`,
      { hint: 'A Computer Partition can be started, stopped or destroyed.' },
    );
  }
  return new GridError('GRID_INVALID_VALUE', `Not an id of a partition: ${JSON.stringify(planned.partitionId)}`, {
    hint: 'At most 64 letters, digits, dots, dashes and underscores, the first a letter or a digit.',
  });
}

/** Carries out the decisions that need no supervisor: leave alone, tidy, refuse. */
export async function applySimply(
  planned: PlannedPartition,
  requested: PartitionInformation,
  context: InstanceContext,
): Promise<PartitionEnd> {
  const { options, ports } = context;
  const { partitionId } = planned;
  switch (planned.action) {
    case 'tidy':
      await tidyFreePartition(options.instanceRoot, partitionId, ports.logger);
      return { outcome: 'unchanged' };
    case 'refuse': {
      const end = await failPartition(planned, requested, context, refusal(planned, requested, options.instanceRoot));
      return planned.reason === 'folder-missing' ? { ...end, outcome: 'missing' } : end;
    }
    case 'skip':
    case 'check':
    case 'process':
      ports.logger.debug('Nothing to do', { partition: partitionId, reason: planned.reason });
      return { outcome: planned.reason === 'filtered' ? 'skipped' : 'unchanged' };
  }
}
