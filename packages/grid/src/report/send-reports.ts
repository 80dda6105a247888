import type { Logger } from '@slapos/host';
import { isSlapError, type PartitionUsage, writeComputerUsage } from '@slapos/slap';

import type { Master, MasterCallOptions } from '../master/master.js';
import { filesOfBatch, type UsageBatch, type UsageOutbox } from './outbox.js';
import { removeReportFiles, setReportsAside } from './report-files.js';

/** What the master says when it understood the document and does not want it, however often it is sent. */
const REFUSALS: ReadonlySet<number> = new Set([400, 409, 411, 413, 415, 422]);

export interface SendingContext {
  readonly instanceRoot: string;
  readonly computerId: string;
  readonly master: Master;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** What became of the reports that were to be sent. */
export interface SendingResult {
  /** Documents that the master has accepted. */
  readonly accepted: number;
  /** Partitions (or the computer) with reports that wait for the next pass. */
  readonly pending: ReadonlySet<string>;
  /** Why they wait. */
  readonly error?: Error | undefined;
  /** Partitions (or the computer) with reports that the master does not take, and why. */
  readonly refused: ReadonlyMap<string, Error>;
}

/**
 * Sends what is in the outbox, and removes each report once the master has accepted it. A document that the master refuses is halved until the
 * report that it refuses stands alone; that one is set aside. Anything else that goes wrong ends the sending: the next pass goes on.
 * (spec: grid 11, security S28)
 */
export async function sendReports(outbox: UsageOutbox, context: SendingContext): Promise<SendingResult> {
  const { instanceRoot, logger, signal } = context;
  const refused = new Map<string, Error>();
  let accepted = 0;
  const queue = [...outbox.batches];
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    let sent = batch;
    if (!batch.isAccepted) {
      try {
        await sendBatch(batch, context);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Error)) throw error;
        if (!isRefusal(error)) {
          logger.error('Usage reports could not be sent: the next pass sends them', { error });
          return { accepted, pending: ownersOf(outbox.batches), error, refused };
        }
        queue.unshift(...(await splitOrSetAside(batch, outbox, context, refused, error)));
        continue;
      }
      accepted += 1;
      sent = { ...batch, isAccepted: true };
      await outbox.replace(batch, sent);
    }
    try {
      await removeReportFiles(instanceRoot, filesOfBatch(sent));
      await outbox.replace(sent);
    } catch (error) {
      // It stays in the outbox as accepted, so its files are not taken for new reports.
      logger.error('Usage reports were sent, and cannot be removed', { error });
    }
  }
  return { accepted, pending: new Set(), refused };
}

async function sendBatch(batch: UsageBatch, { computerId, master, signal }: SendingContext): Promise<void> {
  const options: MasterCallOptions = signal === undefined ? {} : { signal };
  if (batch.kind === 'computer') return master.reportUsage(batch.document, options);
  const usages: PartitionUsage[] = batch.reports.map(({ file, movements }) => ({ partitionId: file.owner, movements }));
  return master.reportUsage(writeComputerUsage({ computerId, stopDate: batch.stopDate, usages }), options);
}

/** Gives what is to be sent instead. */
async function splitOrSetAside(
  batch: UsageBatch,
  outbox: UsageOutbox,
  { instanceRoot, logger }: SendingContext,
  refused: Map<string, Error>,
  error: Error,
): Promise<readonly UsageBatch[]> {
  if (batch.kind === 'partitions' && batch.reports.length > 1) {
    const middle = Math.ceil(batch.reports.length / 2);
    const half = (from: number, to: number): UsageBatch => ({ ...batch, reports: batch.reports.slice(from, to) });
    const halves = [half(0, middle), half(middle, batch.reports.length)];
    await outbox.replace(batch, ...halves);
    return halves;
  }
  const files = filesOfBatch(batch);
  for (const { owner, name } of files) {
    logger.error('The master refuses a usage report: it is set aside', { owner, report: name, error });
    refused.set(owner, error);
  }
  await setReportsAside(instanceRoot, files);
  await outbox.replace(batch);
  return [];
}

function isRefusal(error: Error): boolean {
  return isSlapError(error) && error.status !== undefined && REFUSALS.has(error.status);
}

function ownersOf(batches: readonly UsageBatch[]): Set<string> {
  return new Set(batches.flatMap((batch) => (batch.isAccepted ? [] : filesOfBatch(batch).map(({ owner }) => owner))));
}
