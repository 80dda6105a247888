import type { PartitionInformation } from '@slapos/slap';

import { errorReport, GridError } from '../errors.js';
import { PARTITION_ID } from '../partition/plan.js';
import { type InstanceContext, openPartition } from '../partition/work.js';
import { checkNodeOptions, type InstancePassOptions, type NodeOptions } from '../pass/options.js';
import { observedPass, type PassControl } from '../pass/observed-pass.js';
import type { GridPorts } from '../pass/ports.js';
import { countOutcomes, PASS_EXIT_CODES } from '../pass/result.js';
import { prepareStructure } from '../structure/structure.js';
import { destroyPartition, type DestructionResult, type KeptReason } from './destroy.js';
import { UsageOutbox } from './outbox.js';
import { isUsed } from './plan.js';
import { makeBatches, readComputerReports, readPartitionReports } from './report-files.js';
import { runReportScripts } from './scripts.js';
import { sendReports, type SendingResult } from './send-reports.js';

/** Options of the report pass. (spec: grid 2.3, 11) */
export type ReportPassOptions = NodeOptions &
  Pick<InstancePassOptions, 'forbidSupervisordAutomaticLaunch' | 'instanceStorageHome' | 'firewall'>;

/** What became of one partition. */
export interface ReportItemResult {
  readonly partitionId: string;
  /** `unchanged`: nothing to destroy. `missing`: its folder is not there; told to the master, but no failure of the pass. */
  readonly outcome: 'unchanged' | 'missing' | 'destroyed' | 'kept' | 'failed';
  /** Why a destroyed instance is still there. */
  readonly reason?: KeptReason;
  readonly error?: Error;
}

/** How a report pass ended. */
export interface ReportPassResult {
  readonly pass: 'report';
  readonly passId: string;
  readonly outcome: 'success' | 'failure';
  readonly items: readonly ReportItemResult[];
  /** Usage documents that the master has accepted. */
  readonly acceptedDocuments: number;
  /** Why usage reports are still here, when they are. */
  readonly sendingError?: Error;
  readonly durationMs: number;
}

/**
 * Runs the report scripts of the partitions, tells the master what they used, and removes the instances that it wants destroyed. A
 * partition that fails does not stop the others. May be killed at any instant and run again. (spec: grid 11) The caller holds the
 * lock of the report pass.
 * @throws GridError `GRID_INVALID_OPTIONS`, `GRID_FOLDER_MISSING`; SupervisorError; SlapError when the master cannot say what it wants;
 * the signal's reason.
 */
export async function runReportPass(
  options: ReportPassOptions,
  ports: GridPorts,
  control: PassControl = {},
): Promise<ReportPassResult> {
  checkNodeOptions(options);
  const { clock } = ports.host;
  const began = clock.monotonic();
  return observedPass('report', ports, control, async (emit, passId) => {
    const context: InstanceContext = { options, ports, emit, signal: control.signal };
    await prepareStructure(options);
    if (options.forbidSupervisordAutomaticLaunch !== true) await ports.supervisor.ensureRunning();
    const pass = new ReportPass(context);
    const information = await ports.master.fetchComputerInformation(
      control.signal === undefined ? {} : { signal: control.signal },
    );
    const sending = await pass.run(information.partitions.filter(isUsed));
    const outcome = pass.hasFailed || sending.error !== undefined ? 'failure' : 'success';
    control.signal?.throwIfAborted();
    const durationMs = clock.monotonic() - began;
    emit('pass.finished', {
      outcome,
      exitCode: PASS_EXIT_CODES[outcome],
      counts: countOutcomes(pass.items),
      durationMs,
    });
    return {
      pass: 'report',
      passId,
      outcome,
      items: pass.items,
      acceptedDocuments: sending.accepted,
      durationMs,
      ...(sending.error === undefined ? {} : { sendingError: sending.error }),
    };
  });
}

class ReportPass {
  readonly #context: InstanceContext;
  readonly #items = new Map<string, ReportItemResult>();
  #hasFailed = false;

  constructor(context: InstanceContext) {
    this.#context = context;
  }

  get items(): readonly ReportItemResult[] {
    return [...this.#items.values()];
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  async run(used: readonly PartitionInformation[]): Promise<SendingResult> {
    const partitions = await this.#present(used);
    for (const partition of partitions) this.#record(partition.partitionId, { outcome: 'unchanged' });
    for (const partition of partitions) await this.#runScripts(partition);
    const sending = await this.#sendUsage(partitions);
    for (const partition of partitions.filter((one) => one.requestedState === 'destroyed'))
      await this.#destroy(partition, sending);
    return sending;
  }

  /** Those that have a folder; the master hears of the others, which are no failure of the pass. (spec: grid 7.2) */
  async #present(partitions: readonly PartitionInformation[]): Promise<PartitionInformation[]> {
    const { options, ports } = this.#context;
    const present: PartitionInformation[] = [];
    for (const partition of partitions) {
      const { partitionId } = partition;
      try {
        await using _folder = await openPartition(options.instanceRoot, partitionId);
        present.push(partition);
      } catch (error) {
        if (!(error instanceof GridError) || error.code !== 'GRID_PARTITION_MISSING') throw error;
        ports.logger.error(error.message, { partition: partitionId });
        this.#record(partitionId, { outcome: 'missing', error });
        await ports.master.reportPartitionError(partitionId, errorReport(error));
      }
    }
    return present;
  }

  async #runScripts(partition: PartitionInformation): Promise<void> {
    const { partitionId } = partition;
    try {
      const failed = await runReportScripts(partition, this.#context);
      if (failed.length > 0) this.#record(partitionId, { outcome: 'failed', error: scriptsFailed(failed) });
    } catch (error) {
      await this.#fail(partitionId, error);
    }
  }

  async #sendUsage(partitions: readonly PartitionInformation[]): Promise<SendingResult> {
    const { options, ports, signal } = this.#context;
    const { instanceRoot, computerId } = options;
    const { master, logger, host } = ports;
    const outbox = await UsageOutbox.open(instanceRoot, logger);
    const reports = [];
    for (const { partitionId } of partitions) {
      try {
        reports.push(
          ...(await readPartitionReports(instanceRoot, partitionId, outbox, logger.child({ partition: partitionId }))),
        );
      } catch (error) {
        await this.#fail(partitionId, error);
      }
    }
    await outbox.add([
      ...makeBatches(reports, stopDate(host.clock.now())),
      ...(await readComputerReports(instanceRoot, computerId, outbox, logger)),
    ]);
    const result = await sendReports(outbox, { instanceRoot, computerId, master, logger, signal });
    for (const [owner, error] of result.refused) {
      if (this.#items.has(owner)) this.#record(owner, { outcome: 'failed', error });
      if (PARTITION_ID.test(owner) && owner !== computerId)
        await master.reportPartitionError(owner, errorReport(error));
    }
    return result;
  }

  async #destroy(partition: PartitionInformation, sending: SendingResult): Promise<void> {
    const { partitionId } = partition;
    const { ports, emit, signal } = this.#context;
    signal?.throwIfAborted();
    emit('partition.started', { partition: partitionId });
    const { clock } = ports.host;
    const began = clock.monotonic();
    const finish = (outcome: 'destroyed' | 'kept' | 'failed', message?: string): void =>
      emit('partition.finished', {
        partition: partitionId,
        outcome,
        durationMs: clock.monotonic() - began,
        ...(message === undefined ? {} : { message }),
      });
    try {
      const isPending = sending.pending.has(partitionId);
      const result: DestructionResult = await destroyPartition(partition, isPending, this.#context);
      if (result.outcome === 'destroyed') {
        await this.#removeLog(partitionId);
        await ports.master.reportPartitionDestroyed(partitionId).catch((error: unknown) => {
          ports.logger.debug('The master did not take the report', { partition: partitionId, error });
        });
        emit('partition.destroyed', { partition: partitionId });
      }
      finish(result.outcome, result.outcome === 'kept' ? result.reason : undefined);
      this.#record(partitionId, result);
    } catch (error) {
      finish('failed', error instanceof Error ? error.message : String(error));
      signal?.throwIfAborted();
      await this.#fail(partitionId, error);
    }
  }

  /** The log of the destruction itself; nothing of the instance stays. */
  async #removeLog(partitionId: string): Promise<void> {
    await using folder = await openPartition(this.#context.options.instanceRoot, partitionId);
    for (const name of await folder.list()) await folder.removeTree(name);
  }

  async #fail(partitionId: string, thrown: unknown): Promise<void> {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#context.ports.logger.error(error.message, { partition: partitionId, error });
    this.#record(partitionId, { outcome: 'failed', error });
    await this.#context.ports.master.reportPartitionError(partitionId, errorReport(error));
  }

  #record(partitionId: string, result: Omit<ReportItemResult, 'partitionId'>): void {
    this.#hasFailed ||= result.outcome === 'failed';
    const before = this.#items.get(partitionId);
    // A failure before stays one; of an instance that is gone now it is still told what went wrong.
    if (before?.outcome === 'failed' && result.outcome !== 'destroyed') return;
    const error = result.error ?? before?.error;
    this.#items.set(partitionId, { partitionId, ...result, ...(error === undefined ? {} : { error }) });
  }
}

function scriptsFailed(names: readonly string[]): Error {
  return new Error(names.map((name) => `Script '${name}' failed.`).join(' '));
}

/** Local time, as the master reads it: `2026-11-23 at 05:12:00`. (spec: grid 11.2) */
function stopDate(nowMs: number): string {
  const now = new Date(nowMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((value) => two(value)).join('-');
  return `${date} at ${[now.getHours(), now.getMinutes(), now.getSeconds()].map((value) => two(value)).join(':')}`;
}
