import { setTimeout as pause } from 'node:timers/promises';
import { isSlapOSError, type Locks } from '@slapos/host';
import { type PassFailure, PassFailedError } from '../errors.js';
import type { PassName } from '../configuration/layout.js';
import type { PassLog } from './pass-log.js';

const FIRST_RETRY_MS = 100;
const RETRY_GROWTH = 1.5;
const LONGEST_RETRY_MS = 5_000;
const LOCK_POLL_MS = 100;
const CODES = {
  software: 'STANDALONE_SOFTWARE_FAILED',
  instance: 'STANDALONE_INSTANCE_FAILED',
  report: 'STANDALONE_REPORT_FAILED',
} as const;

/** How a pass is repeated, and what its error shows. */
export interface PassRetryOptions {
  /** How often a pass that failed is run again. Default 0. */
  readonly retries?: number | undefined;
  /** Pause before the first repetition, in milliseconds; each further one is half as long again, up to 5,000. Default 100. */
  readonly retryDelayMs?: number | undefined;
  /** Lines of the log in the error; 0: all of the last attempt. Default 30, for software 50. */
  readonly errorLines?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What one attempt came to. */
export interface Attempt<Result> {
  readonly result: Result;
  readonly exitStatus: number;
  readonly failures: readonly PassFailure[];
}

/** What running a pass needs to know. */
export interface RunPassContext {
  readonly name: PassName;
  readonly log: PassLog;
  readonly locks: Locks;
  readonly pidFile: string;
  readonly defaultErrorLines: number;
}

/**
 * Runs a pass until it succeeds, as often as the options allow; one that runs already is waited for (spec: standalone §4.6).
 * @throws PassFailedError after the last attempt; the signal's reason.
 */
export async function runPass<Result>(
  context: RunPassContext,
  options: PassRetryOptions,
  attempt: () => Promise<Attempt<Result>>,
): Promise<Result> {
  const { retries = 0, errorLines = context.defaultErrorLines, signal } = options;
  let delayMs = options.retryDelayMs ?? FIRST_RETRY_MS;
  for (let attempts = 1; ; attempts += 1) {
    const mark = context.log.mark();
    const { result, exitStatus, failures } = await lockedAttempt(context, signal, attempt);
    if (exitStatus === 0) return result;
    signal?.throwIfAborted();
    if (attempts > retries) {
      throw new PassFailedError(CODES[context.name], context.name, {
        exitStatus,
        output: context.log.tail(mark, errorLines),
        logFile: context.log.file,
        attempts,
        failures,
      });
    }
    await pause(delayMs, undefined, { signal });
    delayMs = Math.min(delayMs * RETRY_GROWTH, LONGEST_RETRY_MS);
  }
}

async function lockedAttempt<Result>(
  { locks, pidFile, log }: RunPassContext,
  signal: AbortSignal | undefined,
  attempt: () => Promise<Attempt<Result>>,
): Promise<Attempt<Result>> {
  for (let waits = 0; ; waits += 1) {
    signal?.throwIfAborted();
    const lock = await locks.acquire(pidFile).catch((error: unknown) => {
      if (isSlapOSError(error) && error.code === 'HOST_LOCKED') return undefined;
      throw error;
    });
    if (lock !== undefined) {
      await using _held = lock;
      return await loggedAttempt(log, attempt);
    }
    if (waits === 0) log.info('Another pass is running: waiting for it', { pidFile });
    await pause(LOCK_POLL_MS, undefined, { signal });
  }
}

/** What is thrown instead of returned, such as a master that cannot be reached, counts as a failed attempt of the whole pass. */
async function loggedAttempt<Result>(log: PassLog, attempt: () => Promise<Attempt<Result>>): Promise<Attempt<Result>> {
  try {
    return await attempt();
  } catch (error) {
    log.error('The pass ended before its time', { error });
    throw error;
  }
}
