import type { PartitionInformation } from '@slapos/slap';

import { GridError } from '../errors.js';
import { requestedPartition } from '../partition/observe.js';
import { unknownPartitions } from '../partition/plan.js';
import { promiseFailureText, runPartitionPromises } from '../partition/promises.js';
import { logSummary } from '../partition/summary.js';
import { logHeading, withPartition, type InstanceContext } from '../partition/work.js';
import { forEachLimited } from '../pass/concurrency.js';
import type { ItemOutcome } from '../pass/events.js';
import { checkNodeOptions, type InstancePassOptions } from '../pass/options.js';
import { observedPass, type PassControl } from '../pass/observed-pass.js';
import type { GridPorts } from '../pass/ports.js';
import { countOutcomes, PASS_EXIT_CODES, type PassOutcome } from '../pass/result.js';

/** What became of the promises of one partition. */
export interface PromiseItemResult {
  readonly partitionId: string;
  readonly softwareType?: string;
  readonly outcome: Extract<ItemOutcome, 'processed' | 'promise-failed'>;
  readonly durationMs: number;
  /** What each promise said, in the order of running. */
  readonly promises: readonly PromiseVerdict[];
  /** Present when a promise failed, or could not be run. */
  readonly error?: Error;
}

/** What one promise said. */
export interface PromiseVerdict {
  readonly name: string;
  readonly failed: boolean;
  readonly message: string;
  readonly executionSeconds: number;
}

/** How a promise pass ended. */
export interface PromisePassResult {
  readonly pass: 'promise';
  readonly passId: string;
  readonly outcome: Extract<PassOutcome, 'success' | 'promise-failure'>;
  readonly items: readonly PromiseItemResult[];
  readonly durationMs: number;
}

async function checkPromises(requested: PartitionInformation, context: InstanceContext): Promise<PromiseItemResult> {
  const { clock } = context.ports.host;
  const { partitionId, softwareType } = requested;
  const began = clock.monotonic();
  context.emit('partition.started', { partition: partitionId });
  let error: Error | undefined;
  let promises: readonly PromiseVerdict[] = [];
  try {
    context.signal?.throwIfAborted();
    error = await withPartition(requested, context, async (work) => {
      logHeading(work, context, 'Checking promises of Computer Partition');
      const report = await runPartitionPromises(work, context, 'test');
      promises = report.results ?? [];
      if (report.firstFailure === undefined) return undefined;
      const text = promiseFailureText(report.firstFailure);
      work.logger.error(text);
      return new GridError('GRID_PROMISE_FAILED', text, { retryable: true });
    });
  } catch (thrown) {
    // What keeps promises from being run counts like a failure of them. (spec: grid 9.3)
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
    context.ports.logger.error('Could not check the promises', { partition: partitionId, error });
  }
  const durationMs = clock.monotonic() - began;
  const outcome = error === undefined ? 'processed' : 'promise-failed';
  context.emit('partition.finished', {
    partition: partitionId,
    outcome,
    durationMs,
    ...(error === undefined ? {} : { message: error.message }),
  });
  return {
    partitionId,
    outcome,
    durationMs,
    promises,
    ...(softwareType === undefined ? {} : { softwareType }),
    ...(error === undefined ? {} : { error }),
  };
}

/**
 * Runs the promises of all started partitions, or of the named ones; nothing is sent to the master, and nothing is built or started.
 * (spec: grid 9.3) The caller holds the lock of the instance pass.
 * @throws GridError `GRID_UNKNOWN_PARTITION`; SlapError when the master cannot be asked; the signal's reason.
 */
export async function runPromisePass(
  options: InstancePassOptions,
  ports: GridPorts,
  control: PassControl = {},
): Promise<PromisePassResult> {
  checkNodeOptions(options);
  const { clock } = ports.host;
  const began = clock.monotonic();
  return observedPass('promise', ports, control, async (emit, passId) => {
    ports.logger.info('Processing promises...');
    const information = await ports.master.fetchComputerInformation(
      control.signal === undefined ? {} : { signal: control.signal },
    );
    const only = options.onlyPartitions ?? [];
    const unknown = unknownPartitions(only, information.partitions.map(requestedPartition));
    if (unknown.length > 0) throw unknownPartitionError(unknown);
    const chosen = information.partitions.filter(
      (partition) =>
        partition.requestedState === 'started' && (only.length === 0 || only.includes(partition.partitionId)),
    );
    const context: InstanceContext = { options, ports, emit, signal: control.signal };
    const items = await forEachLimited(chosen, options.jobs ?? 1, (partition) => checkPromises(partition, context));
    control.signal?.throwIfAborted();
    const outcome = items.some((item) => item.error !== undefined) ? 'promise-failure' : 'success';
    if (outcome === 'promise-failure') logSummary(ports.logger, items);
    const durationMs = clock.monotonic() - began;
    emit('pass.finished', { outcome, exitCode: PASS_EXIT_CODES[outcome], counts: countOutcomes(items), durationMs });
    return { pass: 'promise', passId, outcome, items, durationMs };
  });
}

function unknownPartitionError(unknown: readonly string[]): GridError {
  return new GridError(
    'GRID_UNKNOWN_PARTITION',
    `Unknown partition${unknown.length === 1 ? '' : 's'}: ${unknown.join(', ')}`,
    {
      hint: 'Name partitions of this computer: slapos computer info shows them.',
    },
  );
}
