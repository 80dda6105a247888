import { GridError } from '../errors.js';
import { forEachLimited } from '../pass/concurrency.js';
import { checkNodeOptions, type SoftwarePassOptions } from '../pass/options.js';
import { observedPass, type PassControl } from '../pass/observed-pass.js';
import type { SoftwarePorts } from '../pass/ports.js';
import { countOutcomes, PASS_EXIT_CODES, type PassOutcome } from '../pass/result.js';
import { prepareStructure } from '../structure/structure.js';
import { applyCollection, applyRelease, type SoftwareContext, type SoftwareItemResult } from './apply.js';
import { observeSoftware } from './observe.js';
import { planSoftware, type SoftwarePlan } from './plan.js';

/** How a software pass ended. */
export interface SoftwarePassResult {
  readonly pass: 'software';
  readonly passId: string;
  readonly outcome: Extract<PassOutcome, 'success' | 'failure'>;
  readonly items: readonly SoftwareItemResult[];
  /** Folders removed by garbage collection. */
  readonly collected: readonly string[];
  readonly durationMs: number;
}

function checkSoftwareOptions(options: SoftwarePassOptions): void {
  checkNodeOptions(options);
  if (options.collectGarbage === true && (options.onlySoftwareReleases ?? []).length > 0) {
    throw new GridError('GRID_INVALID_OPTIONS', 'Garbage collection cannot be combined with a list of releases', {
      hint: 'Everything outside the list would be removed. Give --garbage-collect without --only-sr.',
    });
  }
}

/**
 * Reads what the master wants and what is there, and says what a software pass would do. Changes nothing.
 * @throws GridError, SlapError as `runSoftwarePass`.
 */
export async function planSoftwarePass(
  options: SoftwarePassOptions,
  ports: { readonly master: Pick<SoftwarePorts['master'], 'fetchComputerInformation'> },
  control: PassControl = {},
): Promise<SoftwarePlan> {
  checkSoftwareOptions(options);
  const information = await ports.master.fetchComputerInformation(
    control.signal === undefined ? {} : { signal: control.signal },
  );
  const observed = await observeSoftware(options.softwareRoot, information.softwareReleases, {
    withFolders: options.collectGarbage === true,
  });
  return planSoftware(observed, information.softwareReleases, options);
}

/**
 * Makes the software root what the master asks for: builds and removes Software Releases. A release that fails does not stop the
 * others; failures are in the result and have been sent to the master. May be killed at any instant and run again. (spec: grid 5)
 * The caller holds the lock of the software pass.
 * @throws GridError `GRID_INVALID_OPTIONS`, `GRID_FOLDER_MISSING`; SlapError when the master cannot be asked; the signal's reason.
 */
export async function runSoftwarePass(
  options: SoftwarePassOptions,
  ports: SoftwarePorts,
  control: PassControl = {},
): Promise<SoftwarePassResult> {
  checkSoftwareOptions(options);
  const { clock } = ports.host;
  const began = clock.monotonic();
  return observedPass('software', ports, control, async (emit, passId) => {
    await prepareStructure(options);
    ports.logger.info('Processing software releases...');
    const plan = await planSoftwarePass(options, ports, control);
    for (const { softwareReleaseUrl, action, reason } of plan.releases) {
      emit('software.planned', { software: softwareReleaseUrl, action, reason });
    }
    const context: SoftwareContext = { options, ports, emit, signal: control.signal };
    // The debugger of buildout needs the terminal for itself.
    const jobs = options.buildoutDebug === true ? 1 : (options.jobs ?? 1);
    const items = await forEachLimited(plan.releases, jobs, (planned) => applyRelease(planned, context));
    const collected: string[] = [];
    for (const planned of plan.collections) {
      if (control.signal?.aborted === true) break;
      if (await applyCollection(planned, context)) collected.push(planned.directoryName);
    }
    ports.logger.info('Finished software releases.');
    const outcome = items.some((item) => item.outcome === 'failed') ? 'failure' : 'success';
    control.signal?.throwIfAborted();
    const durationMs = clock.monotonic() - began;
    emit('pass.finished', { outcome, exitCode: PASS_EXIT_CODES[outcome], counts: countOutcomes(items), durationMs });
    return { pass: 'software', passId, outcome, items, collected, durationMs };
  });
}
