import os from 'node:os';

import type { HeldLock } from '@slapos/host';
import type { ManagerHook } from '@slapos/manager';
import type { ComputerInformation } from '@slapos/slap';

import { errorReport } from '../errors.js';
import { isMasterUnreachable } from '../master/failures.js';
import { forEachLimited } from '../pass/concurrency.js';
import type { ItemOutcome } from '../pass/events.js';
import { checkNodeOptions, type InstancePassOptions } from '../pass/options.js';
import { observedPass, type PassControl } from '../pass/observed-pass.js';
import type { GridPorts } from '../pass/ports.js';
import { countOutcomes, PASS_EXIT_CODES, type PassOutcome } from '../pass/result.js';
import { prepareStructure } from '../structure/structure.js';
import {
  applySimply,
  checkPartition,
  type FailedPromise,
  failPartition,
  finishPartition,
  type PartitionEnd,
  type PlannedProcess,
  preparePartition,
} from './apply.js';
import { claimPartition, readRemovals, type Removals } from './claim.js';
import { deploymentWaves } from './deployment-waves.js';
import { runManagers } from './managed.js';
import { removeInvalidPeriodicity } from './observe.js';
import { runOffline } from './offline.js';
import { queueReports, rememberTarget, sendQueuedReports } from './offline-state.js';
import type { PartitionReason, PlannedPartition } from './plan.js';
import { planItems, type PlannedItem } from './plan-pass.js';
import { logSummary } from './summary.js';
import { ToldStatus } from './told-status.js';
import { ServiceEvents } from './service-events.js';
import type { InstanceContext } from './work.js';

/** What became of one partition. */
export interface PartitionItemResult {
  readonly partitionId: string;
  readonly softwareType?: string;
  readonly instanceTitle?: string;
  readonly action: PlannedPartition['action'];
  readonly reason: PartitionReason;
  readonly outcome: ItemOutcome;
  readonly durationMs: number;
  /** Present when it failed, also when only its promises did. */
  readonly error?: Error;
  /** The first promise that fails, also of a partition that was left as it is. */
  readonly failedPromise?: FailedPromise;
}

/** How an instance pass ended. */
export interface InstancePassResult {
  readonly pass: 'instance';
  readonly passId: string;
  readonly outcome: PassOutcome;
  readonly items: readonly PartitionItemResult[];
  /** Why the master could not be used, when it could not. */
  readonly offlineError?: Error;
  readonly durationMs: number;
}

/** One instance pass: what it has found out so far. */
class InstancePass {
  readonly #context: InstanceContext;
  readonly #told: ToldStatus;
  readonly #services: ServiceEvents;
  /** As it was before the master was asked. */
  readonly #removals: Removals;
  readonly #claims = new Map<string, HeldLock>();
  readonly #jobs: number;
  readonly #results = new Map<string, PartitionItemResult>();
  /** Milliseconds spent on each partition so far. */
  readonly #spent = new Map<string, number>();
  /** Partitions for which a manager's first hook has failed, or was not called any more. */
  readonly #withoutTearDown = new Set<string>();
  #offlineError: Error | undefined;
  /** Reports are kept one after the other. */
  #unsent: Promise<void> = Promise.resolve();

  constructor(context: InstanceContext, told: ToldStatus, removals: Removals) {
    this.#context = context;
    this.#told = told;
    this.#services = new ServiceEvents(context);
    this.#removals = removals;
    // The debugger of buildout needs the terminal for itself.
    this.#jobs = context.options.buildoutDebug === true ? 1 : (context.options.jobs ?? os.availableParallelism());
  }

  get #isInterrupted(): boolean {
    return this.#context.signal?.aborted === true;
  }

  get offlineError(): Error | undefined {
    return this.#offlineError;
  }

  results(items: readonly PlannedItem[]): PartitionItemResult[] {
    return items.flatMap(({ planned }) => this.#results.get(planned.partitionId) ?? []);
  }

  /** Builds, then updates the supervisor once, then starts, checks and reports. A partition that fails never stops the others. */
  async run(items: readonly PlannedItem[]): Promise<void> {
    const processes = items.filter((item) => item.planned.action === 'process');
    const others = items.filter((item) => item.planned.action !== 'process' && item.planned.action !== 'check');
    const managed = items.filter(({ planned }) => planned.action !== 'tidy' && planned.action !== 'refuse');
    await forEachLimited(this.#having('instance', managed), this.#jobs, (item) => this.#beginManaged(item));
    await forEachLimited(this.#remaining(others), this.#jobs, (item) =>
      this.#guard(item, () => applySimply(item.planned, item.requested, this.#context)),
    );
    for (const wave of deploymentWaves(this.#remaining(processes)))
      await forEachLimited(wave, this.#jobs, (item) => this.#prepare(item));
    // Also after an interruption: what was taken out of the configuration is to end.
    if (processes.length > 0) await this.#updateSupervisor(processes);
    await forEachLimited(items, this.#jobs, (item) => this.#finish(item));
    await forEachLimited(this.#having('instanceTearDown', managed), this.#jobs, (item) => this.#endManaged(item));
  }

  /** These items when a manager has the hook; otherwise there is nothing to go through them for. */
  #having(hook: ManagerHook, items: readonly PlannedItem[]): readonly PlannedItem[] {
    return this.#context.ports.managers?.has(hook) === true ? items : [];
  }

  /** Before anything is decided about a partition, and so for those that are up to date, too. */
  async #beginManaged(item: PlannedItem): Promise<void> {
    if (item.planned.reason === 'filtered') return;
    if (this.#isInterrupted) {
      this.#withoutTearDown.add(item.planned.partitionId);
      return;
    }
    await this.#guard(item, async () => {
      await runManagers('instance', item.requested, this.#context);
      return undefined;
    });
    if (this.#results.has(item.planned.partitionId)) this.#withoutTearDown.add(item.planned.partitionId);
  }

  /** Also for partitions that failed; not for those that a manager made fail before. */
  async #endManaged(item: PlannedItem): Promise<void> {
    const { partitionId } = item.planned;
    if (this.#withoutTearDown.has(partitionId)) return;
    const before = this.#results.get(partitionId);
    this.#results.delete(partitionId);
    const tearDown = async (): Promise<undefined> => {
      await runManagers('instanceTearDown', item.requested, this.#context);
      return undefined;
    };
    await this.#guard(item, tearDown, { always: true });
    // What was known before weighs more than what came of tidying up, unless there was nothing wrong.
    if (before !== undefined && (before.error !== undefined || !this.#results.has(partitionId)))
      this.#results.set(partitionId, before);
  }

  /** Those that have not come to an end. */
  #remaining(items: readonly PlannedItem[]): PlannedItem[] {
    return items.filter(({ planned }) => !this.#results.has(planned.partitionId));
  }

  async #prepare(item: PlannedItem): Promise<void> {
    if (this.#isInterrupted) return;
    this.#context.emit('partition.started', { partition: item.planned.partitionId });
    this.#told.forget(item.planned.partitionId);
    await this.#guard(item, async () => {
      if (!(await this.#claim(item))) return { outcome: 'skipped' };
      await this.#services.remember(item.planned.partitionId);
      await preparePartition(item.planned as PlannedProcess, item.requested, this.#context);
      return undefined;
    });
  }

  /** Not what a report pass removes, or has removed since the master was asked: the next pass knows what is wanted then. */
  async #claim({ planned: { partitionId } }: PlannedItem): Promise<boolean> {
    const { options, ports } = this.#context;
    try {
      const claim = await claimPartition(ports.host.locks, options.instanceRoot, partitionId);
      if (claim !== undefined) this.#claims.set(partitionId, claim);
      const removals = await readRemovals(options.instanceRoot, ports.logger);
      if (claim !== undefined && removals[partitionId] === this.#removals[partitionId]) return true;
    } catch (error) {
      // A full disk, for instance: services are not to wait for what guards against a rare coincidence.
      ports.logger.warn('Cannot see whether the instance is removed meanwhile', { partition: partitionId, error });
      return true;
    }
    ports.logger.info('The instance is removed meanwhile: left to the next pass', { partition: partitionId });
    return false;
  }

  /** One update for all: it also picks up what a pass that was killed left behind. (spec: supervisor 5) */
  async #updateSupervisor(processes: readonly PlannedItem[]): Promise<void> {
    try {
      await this.#context.ports.supervisor.update();
    } catch (error) {
      const survivors = processes.filter((item) => !this.#results.has(item.planned.partitionId));
      if (survivors.length === 0) this.#context.ports.logger.error('Failed to update the supervisor', { error });
      await forEachLimited(survivors, this.#jobs, (item) => this.#guard(item, () => Promise.reject(asError(error))));
    }
  }

  async #finish(item: PlannedItem): Promise<void> {
    const { planned, requested } = item;
    if (this.#results.has(planned.partitionId)) return;
    if (planned.action === 'process') await this.#guard(item, () => finishPartition(planned, requested, this.#context));
    // Most partitions of most passes end here, without their folder being opened a second time.
    else if (planned.action === 'check' && !item.hasPromises && this.#told.known(requested) === 'well')
      this.#record(item, { outcome: 'unchanged' }, 0);
    else if (planned.action === 'check')
      await this.#guard(item, () => checkPartition(requested, this.#context, this.#told));
  }

  /**
   * Runs a step of one partition; a failure is dealt with here. No end yet means that another step follows. After an interruption no
   * step begins (but for what `always` says), and only the partitions with a step under way are told to the master. (spec: grid 3.4)
   */
  async #guard(
    item: PlannedItem,
    step: () => Promise<PartitionEnd | undefined>,
    { always = false }: { readonly always?: boolean } = {},
  ): Promise<void> {
    const { planned, requested } = item;
    if (this.#isInterrupted && !always) return;
    const { clock } = this.#context.ports.host;
    const began = clock.monotonic();
    let end: PartitionEnd | undefined;
    try {
      end = await step();
    } catch (error) {
      end = await failPartition(planned, requested, this.#context, error);
      if (isMasterUnreachable(error)) await this.#lostMaster(planned.partitionId, asError(error));
    }
    const spent = (this.#spent.get(planned.partitionId) ?? 0) + clock.monotonic() - began;
    this.#spent.set(planned.partitionId, spent);
    if (end === undefined) return;
    await this.#services.compare(planned.partitionId);
    await this.#claims.get(planned.partitionId)?.release();
    this.#claims.delete(planned.partitionId);
    this.#record(item, end, spent);
  }

  /** The master is to hear of it when it is back. */
  async #lostMaster(partitionId: string, error: Error): Promise<void> {
    this.#offlineError ??= error;
    const { options, ports } = this.#context;
    this.#unsent = this.#unsent.then(() =>
      queueReports(options.instanceRoot, [{ partitionId, text: errorReport(error) }], ports.logger),
    );
    await this.#unsent;
  }

  #record({ planned, requested }: PlannedItem, end: PartitionEnd, durationMs: number): void {
    const { partitionId, action, reason } = planned;
    this.#results.set(partitionId, {
      partitionId,
      action,
      reason,
      outcome: end.outcome,
      durationMs,
      ...(requested.softwareType === undefined ? {} : { softwareType: requested.softwareType }),
      ...(requested.instanceTitle === undefined ? {} : { instanceTitle: requested.instanceTitle }),
      ...(end.error === undefined ? {} : { error: end.error }),
      ...(end.failedPromise === undefined ? {} : { failedPromise: end.failedPromise }),
    });
    this.#context.emit('partition.finished', {
      partition: partitionId,
      outcome: end.outcome,
      durationMs,
      ...(end.error === undefined ? {} : { message: end.error.message }),
      ...(end.logPath === undefined ? {} : { logPath: end.logPath }),
    });
  }
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

function passOutcome(items: readonly PartitionItemResult[]): PassOutcome {
  if (items.some((item) => item.outcome === 'failed')) return 'failure';
  return items.some((item) => item.outcome === 'promise-failed') ? 'promise-failure' : 'success';
}

async function fetchInformation(
  ports: GridPorts,
  signal: AbortSignal | undefined,
): Promise<ComputerInformation | { readonly offlineError: Error }> {
  try {
    return await ports.master.fetchComputerInformation(signal === undefined ? {} : { signal });
  } catch (error) {
    if (isMasterUnreachable(error) && error instanceof Error) return { offlineError: error };
    throw error;
  }
}

/** Goes through the partitions; returns their results and, if the master was lost on the way, why. */
async function runOnline(
  information: ComputerInformation,
  context: InstanceContext,
  removals: Removals,
): Promise<{ items: PartitionItemResult[]; offlineError: Error | undefined }> {
  const { options, ports, emit } = context;
  const plan = await planItems(information, options, ports.host.clock.now());
  try {
    await sendQueuedReports(options.instanceRoot, ports.master, ports.logger);
    await rememberTarget(options.instanceRoot, information.partitions);
  } catch (error) {
    // What is only for a later pass without the master (a full disk, for instance) does not end this one.
    ports.logger.warn('Cannot keep what is needed while the master is away', { error });
  }
  for (const name of plan.invalidPeriodicities) {
    ports.logger.warn('The periodicity of the Software Release is not an integer: removed', { directory: name });
    emit('config.warning', {
      message: `The periodicity of the Software Release in ${options.softwareRoot}/${name} is not an integer: removed`,
    });
    await removeInvalidPeriodicity(options.softwareRoot, name);
  }
  for (const { planned, requested } of plan.items) {
    const { partitionId: partition, action, reason } = planned;
    const title = requested.instanceTitle === undefined ? {} : { title: requested.instanceTitle };
    emit('partition.planned', { partition, action, reason, ...title });
  }
  const told = await ToldStatus.open(options, information.partitions, ports.logger);
  const pass = new InstancePass(context, told, removals);
  await pass.run(plan.items);
  await told.save().catch((error: unknown) => {
    ports.logger.warn('Cannot keep what the master was told', { error });
  });
  return { items: pass.results(plan.items), offlineError: pass.offlineError };
}

/**
 * Makes the partitions what the master asks for. A partition that fails does not stop the others; failures are in the result and have
 * been sent to the master. When the master cannot be used, what was deployed is started instead. May be killed at any instant and run
 * again. (spec: grid 7) The caller holds the lock of the instance pass.
 * @throws GridError `GRID_INVALID_OPTIONS`, `GRID_FOLDER_MISSING`, `GRID_UNKNOWN_PARTITION`; SupervisorError when supervisord cannot be
 * started; SlapError for answers of the master that make no sense; the signal's reason.
 */
export async function runInstancePass(
  options: InstancePassOptions,
  ports: GridPorts,
  control: PassControl = {},
): Promise<InstancePassResult> {
  checkNodeOptions(options);
  const { clock } = ports.host;
  const began = clock.monotonic();
  return observedPass('instance', ports, control, async (emit, passId) => {
    const context: InstanceContext = { options, ports, emit, signal: control.signal };
    await prepareStructure(options);
    if (options.forbidSupervisordAutomaticLaunch !== true) await ports.supervisor.ensureRunning();
    ports.logger.info('Processing computer partitions...');
    const removals = await readRemovals(options.instanceRoot, ports.logger).catch((error: unknown): Removals => {
      // On a full disk, for instance: what was removed before is left to the next pass.
      ports.logger.warn('Cannot read which instances were removed', { error });
      return {};
    });
    const information = await fetchInformation(ports, control.signal);
    const online =
      'offlineError' in information
        ? { items: [], offlineError: information.offlineError }
        : await runOnline(information, context, removals);
    control.signal?.throwIfAborted();
    const { items, offlineError } = online;
    let outcome = passOutcome(items);
    if (offlineError !== undefined) {
      emit('master.offline', { message: offlineError.message });
      outcome = (await runOffline(context, offlineError)) ? 'offline' : 'offline-failure';
    }
    logSummary(ports.logger, items);
    const durationMs = clock.monotonic() - began;
    emit('pass.finished', { outcome, exitCode: PASS_EXIT_CODES[outcome], counts: countOutcomes(items), durationMs });
    return {
      pass: 'instance',
      passId,
      outcome,
      items,
      durationMs,
      ...(offlineError === undefined ? {} : { offlineError }),
    };
  });
}
