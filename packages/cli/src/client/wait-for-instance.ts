import { setTimeout as delay } from 'node:timers/promises';
import { type ComputerPartition, type InstanceRequest, isSlapError, type SlapClient } from '@slapos/slap';
import { Flags } from '@oclif/core';
import { readDuration, shownDuration } from '../command-line/duration.js';
import { openProgress } from '../console/progress.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';
import type { EventClient } from './event-stream.js';
import { findInstance } from './known-instance.js';
import { LookPace } from './look-pace.js';
import { serviceStatus } from './service-status.js';

/** What can be waited for (spec: ux-ideas §11). */
export const WAIT_GOALS = ['allocated', 'published', 'green'] as const;
export type WaitGoal = (typeof WAIT_GOALS)[number];

const DEFAULT_TIMEOUT = '10m';
const DEFAULT_INTERVAL = '5s';
/** How soon a master that did not answer is asked again. */
const AFTER_FAILURE_MS = 1_000;

/** Options of commands that can wait; `--wait` alone is made `--wait=published` by {@link withWaitGoal}. */
export const waitFlags = {
  wait: Flags.option({
    description:
      'wait until it has a place (allocated), connection parameters (published, what --wait alone means), or good news only (green); of a state other than started, until the master says it',
    options: WAIT_GOALS,
    helpValue: `[=${WAIT_GOALS.join('|')}]`,
  })(),
  'wait-for': Flags.string({ description: 'wait until this connection parameter is published', helpValue: 'KEY' }),
  timeout: Flags.string({
    description: 'how long to wait; then the exit code is 124',
    default: DEFAULT_TIMEOUT,
    helpValue: 'DURATION',
  }),
  interval: Flags.string({
    description: 'how long between the first tries, it grows to 30 s; a mini-master tells when to look',
    default: DEFAULT_INTERVAL,
    helpValue: 'DURATION',
  }),
} as const;

/** The values of {@link waitFlags}. */
export interface WaitFlagValues {
  readonly wait?: WaitGoal | undefined;
  readonly 'wait-for'?: string | undefined;
  readonly timeout: string;
  readonly interval: string;
}

/** Gives `--wait` its value where none was typed: oclif knows no options whose value may be left out. */
export function withWaitGoal(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  return words.map((word, index) => (word === '--wait' && (end === -1 || index < end) ? '--wait=published' : word));
}

/** Whether the options ask for waiting at all. */
export function isWaiting(flags: WaitFlagValues): boolean {
  return flags.wait !== undefined || flags['wait-for'] !== undefined;
}

/** What waiting needs. */
export interface WaitOptions {
  readonly client: SlapClient;
  /** Tells when something changed, where the master keeps a log of events. */
  readonly events: EventClient;
  readonly request: InstanceRequest;
  readonly flags: WaitFlagValues;
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
}

/** What was found; the partition is `undefined` when an instance was destroyed. */
export interface Waited {
  readonly partition: ComputerPartition | undefined;
}

/**
 * Repeats a request until what the options name is there: after each change that the master tells of, or else after a while. Ending it ends the waiting, not the request.
 * @throws CliError `CLI_TIMEOUT`, `CLI_INPUT` when the master cannot say what is waited for
 */
export async function waitForInstance(options: WaitOptions): Promise<Waited> {
  const { events, request, flags, logger, signal } = options;
  const reference = request.partitionReference;
  const timeoutMs = readDuration('timeout', flags.timeout);
  const firstIntervalMs = readDuration('interval', flags.interval);
  const goal = goalText(request, flags);
  const begun = performance.now();
  using progress = await openProgress({ title: reference, mode: 'auto', log: logger });
  progress.set(reference, { label: reference, state: 'running', detail: `waiting ${goal}` });
  logger.info(`Waiting ${goal} (Ctrl-C stops waiting, not the request) ...`);
  await using pace = new LookPace({ events, query: { tree: reference }, firstIntervalMs, logger, signal });
  for (let hasLooked = false; ; hasLooked = true) {
    // A master that is restarted meanwhile is no reason to give up; one that was never there is.
    const seen = hasLooked ? await lookLeniently(options) : await look(options);
    if (seen.isReached) {
      progress.set(reference, { state: 'ok', detail: seen.detail });
      return { partition: seen.partition };
    }
    const passedMs = performance.now() - begun;
    if (passedMs >= timeoutMs) {
      throw new CliError(
        'CLI_TIMEOUT',
        `Waited ${shownDuration(passedMs)} for ${reference} ${goal}, in vain: ${seen.detail}.`,
        {
          hint: `The request stays. Wait longer with --timeout, or look at it: slapos service info ${reference}`,
        },
      );
    }
    progress.set(reference, { detail: `waiting ${goal} – ${seen.detail}, ${shownDuration(passedMs)}` });
    logger.debug(`Not yet: ${seen.detail}`);
    if (seen.isUnknown === true) await delay(Math.min(AFTER_FAILURE_MS, timeoutMs - passedMs), undefined, { signal });
    else await pace.pause(timeoutMs - passedMs);
  }
}

interface Seen extends Waited {
  readonly isReached: boolean;
  /** The master could not be asked. */
  readonly isUnknown?: boolean;
  readonly detail: string;
}

async function lookLeniently(options: WaitOptions): Promise<Seen> {
  try {
    return await look(options);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!isSlapError(error) || !error.retryable) throw error;
    return {
      isReached: false,
      isUnknown: true,
      partition: undefined,
      detail: `the master cannot be asked: ${error.message}`,
    };
  }
}

async function look(options: WaitOptions): Promise<Seen> {
  const { client, request, flags, signal } = options;
  const { state } = request;
  const reference = request.partitionReference;
  // Asking for it again would make it again.
  if (state === 'destroyed') {
    const known = await findInstance(client, reference, signal);
    return { isReached: known === undefined, partition: undefined, detail: known ? 'it still exists' : 'it is gone' };
  }
  const partition = await client.registerOpenOrder().request(request, { signal });
  if (!partition.isReady) return { isReached: false, partition: undefined, detail: 'the master looks for a place' };
  const observed = await partition.getState();
  const place = `${observed} on ${partition.computerId}/${partition.partitionId}`;
  if (state !== undefined && state !== null && state !== 'started') {
    return { isReached: observed === state, partition, detail: place };
  }
  const published = await partition.getConnectionParameterDict();
  const key = flags['wait-for'];
  if (key !== undefined) return { isReached: hasKey(published, key), partition, detail: place };
  switch (flags.wait ?? 'published') {
    case 'allocated':
      return { isReached: true, partition, detail: place };
    case 'published':
      return { isReached: Object.keys(published).length > 0, partition, detail: place };
    case 'green': {
      const status = serviceStatus((await findInstance(client, reference, signal))?.information.news);
      if (status === 'unsupported') {
        throw new CliError('CLI_INPUT', 'This master keeps no news of instances, so none turns green.', {
          hint: 'Wait for --wait=published, or for a parameter with --wait-for KEY.',
        });
      }
      return { isReached: status === 'green', partition, detail: `${place}, ${status}` };
    }
  }
}

function hasKey(published: Readonly<Record<string, unknown>>, key: string): boolean {
  if (Object.hasOwn(published, key)) return true;
  const json = published['_'];
  if (typeof json !== 'string') return false;
  try {
    const document: unknown = JSON.parse(json);
    return typeof document === 'object' && document !== null && Object.hasOwn(document, key);
  } catch {
    return false;
  }
}

function goalText({ state }: InstanceRequest, flags: WaitFlagValues): string {
  if (state === 'destroyed') return 'to be destroyed';
  if (state !== undefined && state !== null && state !== 'started') return `to be ${state}`;
  const key = flags['wait-for'];
  if (key !== undefined) return `to publish ${key}`;
  return `to be ${flags.wait ?? 'published'}`;
}
