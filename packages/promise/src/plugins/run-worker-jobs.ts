import { isSlapOSError, type Command, type CommandResult, type CommandRunner, type Logger } from '@slapos/host';

import { parseWorkerMessage, type LoadedMessage, type WorkerMessage } from './messages.js';
import { workerCommand, type WorkerJob, type WorkerOptions } from './worker-command.js';

const MS_PER_SECOND = 1000;
const MAX_LOGGED_TEXT = 2000;
/** A message of 5000 characters and the dots before it. */
const MAX_MESSAGE_LENGTH = 5003;

/** What a promise said about itself. */
export interface PluginVerdict {
  readonly type: 'Test Result' | 'Anomaly Result' | 'Empty Result';
  readonly failed: boolean;
  readonly message: string | null;
  readonly allowBang: boolean;
}

/** How a job ended. */
export interface PluginRun {
  /** `undefined`: it gave none. */
  readonly verdict: PluginVerdict | undefined;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

export interface RunWorkerJobsOptions extends WorkerOptions {
  readonly commands: CommandRunner;
  readonly logger: Logger;
  /** For each promise. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal | undefined;
  /** Called, in order, before a promise does anything. */
  readonly onLoaded: (job: WorkerJob, loaded: LoadedMessage) => Promise<void>;
  /** Called, in order, once for each job. */
  readonly onRun: (job: WorkerJob, run: PluginRun) => Promise<void>;
}

/**
 * Follows what one worker says about its jobs. Nothing it says is trusted: jobs are taken in the order in which they were given,
 * messages that do not fit are not heard, and time is counted here.
 */
class WorkerRound {
  readonly #jobs: readonly WorkerJob[];
  readonly #options: RunWorkerJobsOptions;
  readonly #stop = new AbortController();
  /** How many jobs were seen to their end. */
  done = 0;
  timedOut = false;
  /** What was found is kept while the worker goes on; in order. */
  #keeping: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  #begun = performance.now();
  #hasBegun = false;
  #text = '';
  #verdict: PluginVerdict | undefined;

  constructor(jobs: readonly WorkerJob[], options: RunWorkerJobsOptions) {
    this.#jobs = jobs;
    this.#options = options;
  }

  /** Whether a job was begun that is not over. */
  get isAtJob(): boolean {
    return this.#hasBegun;
  }

  get signal(): AbortSignal {
    const { signal } = this.#options;
    return signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
  }

  /** The time of the first job includes the start of the worker. */
  start(): void {
    this.#begun = performance.now();
    this.#timer = setTimeout(() => {
      this.timedOut = true;
      this.#stop.abort();
    }, this.#options.timeoutSeconds * MS_PER_SECOND);
  }

  hear(line: string): void {
    const message = parseWorkerMessage(line);
    const job = this.#jobs[this.done];
    if (message === undefined || job === undefined || this.timedOut) return;
    if (message.event === 'begin' && message.job === job.index && !this.#hasBegun) this.#begin();
    else if (this.#hasBegun) this.#hearAbout(job, message);
  }

  #begin(): void {
    this.#hasBegun = true;
    clearTimeout(this.#timer);
    this.start();
  }

  #hearAbout(job: WorkerJob, message: WorkerMessage): void {
    switch (message.event) {
      case 'loaded':
        this.#keep(() => this.#options.onLoaded(job, message));
        return;
      case 'text':
        this.#text = (this.#text + message.text).slice(0, MAX_MESSAGE_LENGTH);
        return;
      case 'result': {
        const { type, failed, hasMessage, allowBang } = message;
        this.#verdict = { type, failed, allowBang, message: hasMessage ? this.#text : null };
        return;
      }
      case 'error':
        this.#options.logger.error('A promise cannot be loaded', {
          promise: job.name,
          reason: message.message,
          trace: message.trace,
        });
        return;
      case 'end':
        if (message.job === job.index) this.finishJob();
        return;
      case 'begin':
    }
  }

  /** The job is over, with the result that it gave, if any. */
  finishJob(): void {
    const job = this.#jobs[this.done];
    if (job === undefined) return;
    clearTimeout(this.#timer);
    const { timedOut } = this;
    const run = {
      verdict: timedOut ? undefined : this.#verdict,
      timedOut,
      durationMs: performance.now() - this.#begun,
    };
    this.done += 1;
    this.#hasBegun = false;
    this.#verdict = undefined;
    this.#text = '';
    this.#keep(() => this.#options.onRun(job, run));
    // The next one is late when it does not even begin.
    if (!timedOut && this.done < this.#jobs.length) this.start();
  }

  /** Stops the clock and waits until all is kept. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#keeping;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #keep(action: () => Promise<void>): void {
    this.#keeping = this.#keeping.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await action();
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#stop.abort();
      }
    });
  }
}

/** Runs a worker; `undefined` when it was stopped because a job took too long. */
async function runWorker(
  command: Command,
  round: WorkerRound,
  options: RunWorkerJobsOptions,
): Promise<CommandResult | undefined> {
  round.start();
  try {
    return await options.commands.run(
      {
        ...command,
        onLine: (line, stream) => {
          if (stream === 'stdout') round.hear(line);
          else options.logger.debug('A promise says', { line });
        },
      },
      { signal: round.signal },
    );
  } catch (error) {
    const isOurs = isSlapOSError(error) && error.code === 'HOST_COMMAND_ABORTED' && options.signal?.aborted !== true;
    if (!isOurs) throw error;
    return undefined;
  }
}

/**
 * Runs promises in a warm process of the partition's user. One that hangs, crashes or leaves something running ends that
 * process, and the others get a fresh one. (spec: promise 8)
 */
export async function runWorkerJobs(jobs: readonly WorkerJob[], options: RunWorkerJobsOptions): Promise<void> {
  let rest = jobs;
  while (rest.length > 0) {
    const round = new WorkerRound(rest, options);
    let ended: CommandResult | undefined;
    try {
      ended = await runWorker(await workerCommand(rest, options), round, options);
    } catch (error) {
      await round.settle();
      if (!isSlapOSError(error) || options.signal?.aborted === true) throw error;
      options.logger.error('Promises cannot be run', {
        promises: rest.slice(round.done).map((job) => job.name),
        reason: error.message,
        hint: error.hint,
      });
      for (const job of rest.slice(round.done)) {
        await options.onRun(job, { verdict: undefined, timedOut: false, durationMs: 0 });
      }
      return;
    }
    // A worker ends early because of the job that it was at. At least one job is over in each round.
    const isEarly = round.done < rest.length;
    const isRetired = !round.isAtJob && !round.timedOut && round.done > 0;
    if (isEarly && !isRetired) {
      const said = ended?.stderr.slice(-MAX_LOGGED_TEXT);
      if (!round.timedOut) {
        options.logger.error('A promise ended its process without a result', {
          promise: rest[round.done]?.name,
          exitCode: ended?.exitCode,
          signal: ended?.signal,
          said,
        });
      }
      round.finishJob();
    }
    await round.settle();
    rest = rest.slice(round.done);
  }
}
