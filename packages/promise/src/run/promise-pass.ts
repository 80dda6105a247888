import { isSlapOSError, programKind } from '@slapos/host';

import type { PromiseCheck } from '../discovery/discover.js';
import { evaluateLog } from '../evaluation/evaluate.js';
import { formatLogDate, makeRunId } from '../evaluation/log-record.js';
import type { LoadedMessage } from '../plugins/messages.js';
import { runWorkerJobs, type PluginRun } from '../plugins/run-worker-jobs.js';
import type { WorkerJob } from '../plugins/worker-command.js';
import { limitMessage, type PromiseResult } from '../results/result-file.js';
import type { PromiseStateFolders } from '../results/state-folders.js';
import { decidePromise, type PromiseMode } from './decide.js';
import { generateResult, NO_OUTPUT, timedOutMessage } from './generated-result.js';
import type { PromiseReport, RunPromisesOptions, RunPromisesPorts } from './options.js';
import { DEFAULT_PROMISE_TIMEOUT_SECONDS } from './options.js';
import { runExecutable } from './run-executable.js';
import { runBounded } from './run-bounded.js';

/** Of executables: plug-ins choose their own. */
const EXECUTABLE_PERIODICITY_MINUTES = 2;
/** Executables are an anomaly only when they failed that many times in a row. */
const ANOMALY_RUNS = 3;
/** Results count time in these steps, as the Python node polled. */
const TIME_STEP_SECONDS = 0.05;
const MS_PER_SECOND = 1000;
/** Told to plug-ins as the version of the node. */
const NODE_VERSION = '1.24.0';

/** Seconds, in the steps in which results count time. */
function stepsOf(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / MS_PER_SECOND / TIME_STEP_SECONDS)) * TIME_STEP_SECONDS;
}

/** Splits a list in at most `parts` lists of nearly the same length. */
function split<Item>(items: readonly Item[], parts: number): Item[][] {
  const lists = Array.from({ length: Math.min(parts, items.length) }, (): Item[] => []);
  for (const [index, item] of items.entries()) lists[index % lists.length]?.push(item);
  return lists;
}

interface Started {
  readonly check: PromiseCheck;
  /** Its place among all. */
  readonly index: number;
  readonly saved: PromiseResult | undefined;
}

/** One pass over the promises of a partition. */
export class PromisePass {
  readonly #options: RunPromisesOptions;
  readonly #ports: RunPromisesPorts;
  readonly #state: PromiseStateFolders;
  readonly #mode: PromiseMode;
  readonly #timeoutSeconds: number;
  /** By their place among all promises, so that the order does not depend on who was faster. */
  readonly #results = new Map<number, PromiseResult>();
  readonly #failures = new Map<number, { name: string; message: string }>();
  #skipped = 0;
  /** Bangs are posted one after the other, so that the first one is known before the second is thought of. */
  #banging: Promise<void> = Promise.resolve();
  #hasBanged = false;

  constructor(options: RunPromisesOptions, ports: RunPromisesPorts, state: PromiseStateFolders) {
    this.#options = options;
    this.#ports = ports;
    this.#state = state;
    this.#mode = options.checkAnomaly ? 'anomaly' : 'test';
    this.#timeoutSeconds = options.timeoutSeconds ?? DEFAULT_PROMISE_TIMEOUT_SECONDS;
  }

  report(): PromiseReport {
    const inOrder = <Value>(map: ReadonlyMap<number, Value>): Value[] =>
      [...map].sort(([one], [other]) => one - other).map(([, value]) => value);
    return { results: inOrder(this.#results), skipped: this.#skipped, firstFailure: inOrder(this.#failures)[0] };
  }

  /** Runs those whose time has come: plug-ins in warm workers, executables each in its own process. */
  async run(checks: readonly PromiseCheck[]): Promise<void> {
    const started: Started[] = [];
    for (const [index, check] of checks.entries()) {
      const saved = await this.#state.readResult(check.title);
      if (await this.#isDue(check, index, saved)) started.push({ check, index, saved });
    }
    this.#options.onStart?.(started.length);
    const limit = this.#options.parallel ?? 1;
    const python = started.filter(({ check }) => check.kind === 'python');
    const javascript = started.filter(({ check }) => check.kind === 'javascript' || check.kind === 'declarative');
    const executables = started.filter(({ check }) => check.kind === 'executable');
    await runBounded(limit, this.#options.signal, [
      ...split(python, limit).map((part) => () => this.#runPlugins('python', part)),
      ...split(javascript, limit).map((part) => () => this.#runPlugins('javascript', part)),
      ...executables.map((each) => () => this.#keep(each, () => this.#runExecutable(each))),
    ]);
  }

  async #isDue(check: PromiseCheck, index: number, saved: PromiseResult | undefined): Promise<boolean> {
    const decision = decidePromise({
      schedule: await this.#validSchedule(check),
      saved,
      mode: this.#mode,
      force: this.#options.force,
      now: this.#now(),
    });
    if (decision.kind === 'run') return true;
    this.#skipped += 1;
    this.#state.history?.countSkipped(check.name);
    if (decision.kind === 'skip-failed') {
      const { message } = decision.saved;
      this.#ports.logger.error('A promise failed the last time it ran', { promise: check.name, message });
      this.#failures.set(index, { name: check.name, message });
    }
    return false;
  }

  async #keep(started: Started, run: () => Promise<PromiseResult | undefined>): Promise<void> {
    const { check, index } = started;
    const result = await run();
    // It has nothing to say in this mode.
    if (result === undefined) {
      this.#state.history?.countSuccess();
      return;
    }
    this.#results.set(index, result);
    if (result.failed) {
      this.#ports.logger.error('A promise failed', { promise: check.name, message: result.message });
      this.#failures.set(index, { name: check.name, message: result.message });
    }
    await this.#state.writeResult(result);
    await this.#state.history?.add(result);
    this.#options.onResult?.(result);
  }

  async #runPlugins(language: 'python' | 'javascript', all: readonly Started[]): Promise<void> {
    const { host, logger } = this.#ports;
    const byIndex = new Map(all.map((started) => [started.index, started]));
    const jobs: WorkerJob[] = [];
    for (const started of all) {
      const { check, index } = started;
      const job = { index, name: check.name, title: check.title, path: check.path };
      if (check.kind !== 'declarative') jobs.push(job);
      else if (check.definition !== undefined) jobs.push({ ...job, check: check.definition });
      else await this.#keep(started, async () => this.#noOutput(started, 0));
    }
    const find = (job: WorkerJob): Started => {
      const started = byIndex.get(job.index);
      if (started === undefined) throw new Error(`There is no promise ${String(job.index)}`);
      return started;
    };
    await runWorkerJobs(jobs, {
      language,
      commands: host.commands,
      logger,
      partitionPath: this.#options.partitionPath,
      config: this.#configuration(),
      pythonInterpreter: this.#options.pythonInterpreter,
      user: this.#options.user,
      timeoutSeconds: this.#timeoutSeconds,
      checkAnomaly: this.#options.checkAnomaly,
      signal: this.#options.signal,
      onLoaded: (job, loaded) => this.#writeSchedule(find(job).check, loaded),
      onRun: (job, run) => this.#keep(find(job), () => this.#judgePlugin(find(job), run)),
    });
  }

  /** What every plug-in is told. What is not known is absent. (spec: promise 4.1) */
  #configuration(): Record<string, unknown> {
    const { partitionPath, partitionId, computerId, masterUrl, certFile, keyFile, debug = false } = this.#options;
    return {
      'log-folder': `${partitionPath}/.slapgrid/promise/log`,
      'partition-folder': partitionPath,
      debug,
      'promise-timeout': this.#timeoutSeconds,
      'master-url': masterUrl,
      'partition-cert': certFile,
      'partition-key': keyFile,
      'partition-id': partitionId,
      'computer-id': computerId,
      'slapgrid-version': NODE_VERSION,
    };
  }

  #writeSchedule(check: PromiseCheck, loaded: LoadedMessage): Promise<void> {
    return this.#state.writeSchedule(check.title, {
      isTested: loaded.isTested,
      isAnomalyDetected: loaded.isAnomalyDetected,
      periodicityMinutes: loaded.periodicity,
      moduleFile: loaded.moduleFile,
      moduleModifiedMs: loaded.moduleMtime * MS_PER_SECOND,
      now: this.#now(),
      willRun: this.#mode === 'anomaly' ? loaded.isAnomalyDetected : loaded.isTested,
    });
  }

  #noOutput(started: Started, durationMs: number): PromiseResult {
    return this.#makeResult(started.check, generateResult(NO_OUTPUT, this.#mode, started.saved), stepsOf(durationMs));
  }

  #timedOut(started: Started): PromiseResult {
    const message = timedOutMessage(this.#timeoutSeconds);
    return this.#makeResult(started.check, generateResult(message, this.#mode, started.saved), this.#timeoutSeconds);
  }

  async #judgePlugin(started: Started, run: PluginRun): Promise<PromiseResult | undefined> {
    const { check } = started;
    if (run.timedOut) return this.#timedOut(started);
    const { verdict } = run;
    if (verdict === undefined) return this.#noOutput(started, run.durationMs);
    const { type, failed, message, allowBang } = verdict;
    if (type === 'Empty Result') return undefined;
    const result = this.#makeResult(check, { type, failed, message: message ?? '' }, stepsOf(run.durationMs));
    if (type === 'Anomaly Result' && failed && allowBang) await this.#bang(check);
    return result;
  }

  /** Asks the master once in a pass to process the instance again. (spec: promise 3.5) */
  #bang(check: PromiseCheck): Promise<void> {
    const { bang } = this.#ports;
    if (this.#mode !== 'anomaly' || this.#options.dryRun === true || bang === undefined) return Promise.resolve();
    this.#banging = this.#banging.then(() => this.#bangOnce(check, bang));
    return this.#banging;
  }

  async #bangOnce(check: PromiseCheck, bang: (message: string) => Promise<void>): Promise<void> {
    if (this.#hasBanged) return;
    const message = `Promise ${check.title} is failing`;
    try {
      await bang(message);
    } catch (error) {
      this.#ports.logger.warn('The master could not be asked to process the instance again', {
        promise: check.name,
        error,
      });
      return;
    }
    this.#hasBanged = true;
    // In the same run: one of its own would be the latest, and would hide the failure.
    const runId = (await this.#state.readLog(check.title)).at(-1)?.runId ?? makeRunId(this.#now());
    await this.#state.appendLog(check.title, { date: formatLogDate(this.#now()), level: 'INFO', runId, message });
  }

  async #runExecutable(started: Started): Promise<PromiseResult> {
    const { check } = started;
    const begin = this.#now();
    const runId = makeRunId(begin);
    await this.#state.writeSchedule(check.title, {
      isTested: true,
      isAnomalyDetected: true,
      periodicityMinutes: EXECUTABLE_PERIODICITY_MINUTES,
      moduleFile: check.path,
      moduleModifiedMs: begin,
      now: begin,
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
      return this.#timedOut(started);
    }
    await this.#state.appendLog(check.title, { date, level: run.level, runId, message: run.message });
    const evaluation = evaluateLog(await this.#state.readLog(check.title), this.#executableRule(), this.#now());
    // Executables give a Test Result in anomaly mode too: they never bang.
    return this.#makeResult(check, { type: 'Test Result', ...evaluation }, stepsOf(run.durationMs));
  }

  #executableRule(): Parameters<typeof evaluateLog>[1] {
    const { test = {}, anomaly = { resultCount: ANOMALY_RUNS, failureAmount: ANOMALY_RUNS } } =
      this.#options.executableRules ?? {};
    return this.#mode === 'anomaly' ? anomaly : test;
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
