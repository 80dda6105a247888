import {
  isSlapOSError,
  programKind,
  UntrustedDirectory,
  type Host,
  type Logger,
  type UserIdentity,
} from '@slapos/host';

import { discoverPromises, type PromiseCheck } from '../discovery/discover.js';
import { PromiseError } from '../errors.js';
import { evaluateLog } from '../evaluation/evaluate.js';
import { formatLogDate, makeRunId } from '../evaluation/log-record.js';
import { runPlugin } from '../plugins/run-plugin.js';
import { limitMessage, type PromiseResult } from '../results/result-file.js';
import { PromiseStateFolders } from '../results/state-folders.js';
import { decidePromise, type PromiseMode } from './decide.js';
import { generateResult, NO_OUTPUT, timedOutMessage } from './generated-result.js';
import { runExecutable } from './run-executable.js';

/** For one promise. */
export const DEFAULT_PROMISE_TIMEOUT_SECONDS = 20;
/** Of executables: plug-ins choose their own. */
const EXECUTABLE_PERIODICITY_MINUTES = 2;
/** Executables are an anomaly only when they failed that many times in a row. */
const ANOMALY_RUNS = 3;
/** Results count time in these steps, as the Python node polled. */
const TIME_STEP_SECONDS = 0.05;
const MS_PER_SECOND = 1000;

export interface RunPromisesOptions {
  readonly partitionPath: string;
  readonly partitionId: string;
  readonly computerId: string;
  /** Who runs them. Needed when we are root; otherwise we ourselves do. */
  readonly user?: UserIdentity;
  /** For one promise. Default 20. */
  readonly timeoutSeconds?: number;
  /** Run also those whose time has not come. */
  readonly force: boolean;
  /** Look for anomalies rather than test. */
  readonly checkAnomaly: boolean;
  /** File names of plug-ins; the others, and all executables, are left out. Default, and when empty: all. */
  readonly onlyPromises?: readonly string[];
  /** The Python of the instance's software, for plug-ins. */
  readonly pythonInterpreter?: string;
  /** For plug-ins. */
  readonly masterUrl?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Do not bang. Results are written all the same. Default false. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface RunPromisesPorts {
  readonly host: Pick<Host, 'commands' | 'clock' | 'isRoot'>;
  readonly logger: Logger;
  /** Asks the master to have the whole instance processed again. Default: nobody is asked. */
  readonly bang?: (message: string) => Promise<void>;
}

/** What a pass over the promises of a partition found. */
export interface PromiseReport {
  /** Of the promises that ran, in order. */
  readonly results: readonly PromiseResult[];
  /** How many did not run because it was not their time or their mode. */
  readonly skipped: number;
  /** The first promise that failed, now or, if skipped, the last time it ran. */
  readonly firstFailure: { readonly name: string; readonly message: string } | undefined;
}

/**
 * Runs the promises of a partition, one after the other, and keeps what they said in the partition. That a promise fails is
 * part of the report. (spec: promise 3)
 * @throws PromiseError `PROMISE_REFUSED_ROOT` (we are root and no user is given), `PROMISE_INVALID_OPTION`; HostError for what
 * keeps them from being run at all.
 */
export async function runPromises(options: RunPromisesOptions, ports: RunPromisesPorts): Promise<PromiseReport> {
  check(options, ports);
  const expectedUid = options.user?.uid;
  await using partition = await UntrustedDirectory.open(
    options.partitionPath,
    expectedUid === undefined ? {} : { expectedUid },
  );
  await using state = await PromiseStateFolders.open(partition, options.user, ports.logger);
  const all = await discoverPromises(partition, ports.logger);
  const only = options.onlyPromises ?? [];
  const checks = only.length === 0 ? all : all.filter((each) => each.kind !== 'executable' && only.includes(each.name));
  const pass = new PromisePass(options, ports, state);
  for (const each of checks) {
    options.signal?.throwIfAborted();
    await pass.process(each);
  }
  if (only.length === 0) await state.removeObsolete(new Set(all.map((each) => each.title)));
  const report = pass.report();
  if (report.skipped > 0)
    ports.logger.info('Some promises were not run', { partition: options.partitionId, count: report.skipped });
  return report;
}

function check(options: RunPromisesOptions, ports: RunPromisesPorts): void {
  const { timeoutSeconds = DEFAULT_PROMISE_TIMEOUT_SECONDS } = options;
  if (!(timeoutSeconds > 0)) {
    throw new PromiseError('PROMISE_INVALID_OPTION', `A promise cannot have ${String(timeoutSeconds)} seconds`, {
      hint: 'promise_timeout is a number of seconds greater than 0.',
    });
  }
  if (ports.host.isRoot && options.user === undefined) {
    throw new PromiseError(
      'PROMISE_REFUSED_ROOT',
      `Will not run the promises of ${JSON.stringify(options.partitionPath)} as root`,
      {
        hint: 'The partition must belong to its own user: run slapos node format.',
      },
    );
  }
}

/** Seconds, in the steps in which results count time. */
function stepsOf(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / MS_PER_SECOND / TIME_STEP_SECONDS)) * TIME_STEP_SECONDS;
}

class PromisePass {
  readonly #options: RunPromisesOptions;
  readonly #ports: RunPromisesPorts;
  readonly #state: PromiseStateFolders;
  readonly #mode: PromiseMode;
  readonly #timeoutSeconds: number;
  readonly #results: PromiseResult[] = [];
  #skipped = 0;
  #hasBanged = false;
  #firstFailure: { name: string; message: string } | undefined;

  constructor(options: RunPromisesOptions, ports: RunPromisesPorts, state: PromiseStateFolders) {
    this.#options = options;
    this.#ports = ports;
    this.#state = state;
    this.#mode = options.checkAnomaly ? 'anomaly' : 'test';
    this.#timeoutSeconds = options.timeoutSeconds ?? DEFAULT_PROMISE_TIMEOUT_SECONDS;
  }

  report(): PromiseReport {
    return { results: this.#results, skipped: this.#skipped, firstFailure: this.#firstFailure };
  }

  async process(check: PromiseCheck): Promise<void> {
    const saved = await this.#state.readResult(check.title);
    const decision = decidePromise({
      schedule: await this.#validSchedule(check),
      saved,
      mode: this.#mode,
      force: this.#options.force,
      now: this.#now(),
    });
    if (decision.kind === 'run') {
      await this.#run(check, saved);
      return;
    }
    this.#skipped += 1;
    if (decision.kind === 'skip-failed') {
      this.#ports.logger.error('A promise failed the last time it ran', {
        promise: check.name,
        message: decision.saved.message,
      });
      this.#firstFailure ??= { name: check.name, message: decision.saved.message };
    }
  }

  async #run(check: PromiseCheck, saved: PromiseResult | undefined): Promise<void> {
    const result = await this.#runOne(check, saved);
    // It has nothing to say in this mode.
    if (result === undefined) return;
    this.#results.push(result);
    if (result.failed) {
      this.#ports.logger.error('A promise failed', { promise: check.name, message: result.message });
      this.#firstFailure ??= { name: check.name, message: result.message };
    }
    await this.#state.writeResult(result);
  }

  async #runOne(check: PromiseCheck, saved: PromiseResult | undefined): Promise<PromiseResult | undefined> {
    if (check.kind === 'executable') return this.#runExecutable(check, saved);
    return this.#runPlugin(check, saved);
  }

  async #runPlugin(check: PromiseCheck, saved: PromiseResult | undefined): Promise<PromiseResult | undefined> {
    const { partitionPath, partitionId, computerId, masterUrl, certFile, keyFile, pythonInterpreter, user, signal } =
      this.#options;
    const run = await runPlugin(check, {
      commands: this.#ports.host.commands,
      logger: this.#ports.logger,
      partitionPath,
      partitionId,
      computerId,
      masterUrl,
      certFile,
      keyFile,
      pythonInterpreter,
      user,
      signal,
      timeoutSeconds: this.#timeoutSeconds,
      checkAnomaly: this.#options.checkAnomaly,
      onLoaded: (loaded) =>
        this.#state.writeSchedule(check.title, {
          isTested: loaded.isTested,
          isAnomalyDetected: loaded.isAnomalyDetected,
          periodicityMinutes: loaded.periodicity,
          moduleFile: loaded.moduleFile,
          moduleModifiedMs: loaded.moduleMtime * MS_PER_SECOND,
          now: this.#now(),
          willRun: this.#mode === 'anomaly' ? loaded.isAnomalyDetected : loaded.isTested,
        }),
    });
    if (run.timedOut) {
      const message = timedOutMessage(this.#timeoutSeconds);
      return this.#makeResult(check, generateResult(message, this.#mode, saved), this.#timeoutSeconds);
    }
    const seconds = stepsOf(run.durationMs);
    if (run.result === undefined) return this.#makeResult(check, generateResult(NO_OUTPUT, this.#mode, saved), seconds);
    const { type, failed, message, allowBang } = run.result;
    if (type === 'Empty Result') return undefined;
    const result = this.#makeResult(check, { type, failed, message: message ?? '' }, seconds);
    if (type === 'Anomaly Result' && failed && allowBang) await this.#bang(check);
    return result;
  }

  /** Asks the master once in a pass to process the instance again. (spec: promise 3.5) */
  async #bang(check: PromiseCheck): Promise<void> {
    const { bang } = this.#ports;
    if (this.#mode !== 'anomaly' || this.#options.dryRun === true || this.#hasBanged || bang === undefined) return;
    const message = `Promise ${check.title} is failing`;
    try {
      await bang(message);
      this.#hasBanged = true;
      // In the same run: one of its own would be the latest, and would hide the failure.
      const runId = (await this.#state.readLog(check.title)).at(-1)?.runId ?? makeRunId(this.#now());
      const date = formatLogDate(this.#now());
      await this.#state.appendLog(check.title, { date, level: 'INFO', runId, message });
    } catch (error) {
      this.#ports.logger.warn('The master could not be asked to process the instance again', {
        promise: check.name,
        error,
      });
    }
  }

  async #runExecutable(check: PromiseCheck, saved: PromiseResult | undefined): Promise<PromiseResult> {
    const started = this.#now();
    const runId = makeRunId(started);
    await this.#state.writeSchedule(check.title, {
      isTested: true,
      isAnomalyDetected: true,
      periodicityMinutes: EXECUTABLE_PERIODICITY_MINUTES,
      moduleFile: check.path,
      moduleModifiedMs: started,
      now: started,
      willRun: true,
    });
    const run = await runExecutable(check, {
      commands: this.#ports.host.commands,
      partitionPath: this.#options.partitionPath,
      user: this.#options.user,
      timeoutSeconds: this.#timeoutSeconds,
      signal: this.#options.signal,
    });
    const date = formatLogDate(this.#now());
    if (run.timedOut) {
      const message = `Terminating promise process '${check.title}'`;
      await this.#state.appendLog(check.title, { date, level: 'INFO', runId, message });
      return this.#makeResult(
        check,
        generateResult(timedOutMessage(this.#timeoutSeconds), this.#mode, saved),
        this.#timeoutSeconds,
      );
    }
    await this.#state.appendLog(check.title, { date, level: run.level, runId, message: run.message });
    const rule = this.#mode === 'anomaly' ? { resultCount: ANOMALY_RUNS, failureAmount: ANOMALY_RUNS } : {};
    const evaluation = evaluateLog(await this.#state.readLog(check.title), rule, this.#now());
    // Executables give a Test Result in anomaly mode too: they never bang.
    return this.#makeResult(check, { type: 'Test Result', ...evaluation }, stepsOf(run.durationMs));
  }

  #makeResult(
    check: PromiseCheck,
    verdict: Pick<PromiseResult, 'type' | 'failed' | 'message'>,
    seconds: number,
  ): PromiseResult {
    return {
      title: check.title,
      name: check.name,
      path: check.path,
      type: verdict.type,
      failed: verdict.failed,
      message: limitMessage(verdict.message),
      date: this.#now(),
      executionSeconds: Number(seconds.toFixed(2)),
    };
  }

  /** A schedule counts as long as the file exists that it was made for. */
  async #validSchedule(check: PromiseCheck): ReturnType<PromiseStateFolders['readSchedule']> {
    const schedule = await this.#state.readSchedule(check.title);
    if (schedule === undefined || schedule.moduleFile === check.path) return schedule;
    try {
      return (await programKind(schedule.moduleFile)) === 'absent' ? undefined : schedule;
    } catch (error) {
      if (isSlapOSError(error)) return undefined;
      throw error;
    }
  }

  #now(): number {
    return this.#ports.host.clock.now();
  }
}
