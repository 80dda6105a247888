import { setTimeout as delay } from 'node:timers/promises';
import { isSlapOSError } from '@slapos/host';
import { EventClient, type MasterEvent } from '../client/event-stream.js';
import { type MasterAccess, masterAccess } from '../client/session.js';
import type { ConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

/** How long a master that cannot be reached is left alone. */
const RETRY_MS = 10_000;
/** So many passes may begin at once for changes, and then one each {@link REFILL_MS}: an instance that changes its mind in every pass must not keep the node busy. */
const BURST = 6;
const REFILL_MS = 10_000;

/** Which pass a change is for; `undefined`: none, a node said it itself. */
function passesFor({ kind, state }: Pick<MasterEvent, 'kind' | 'state'>): readonly string[] {
  switch (kind) {
    case 'software.supplied':
      return ['software'];
    case 'instance.allocated':
    case 'shared.changed':
    case 'shared.destroyed':
      return ['instance'];
    case 'instance.changed':
      // The report pass empties what is to be destroyed.
      return state === 'destroyed' ? ['instance', 'report'] : ['instance'];
    case 'instance.reported':
      return state === 'bang' ? ['instance'] : [];
    default:
      return [];
  }
}

/** What following takes. */
interface FollowOptions {
  readonly access: MasterAccess;
  readonly computerId: string;
  /** Begins a pass, or lets it run once more. */
  readonly runNow: (pass: string) => void;
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
}

/**
 * Begins passes as soon as the master tells of a change for this computer, until the signal ends it. Of a master that tells no events nothing is
 * followed: the passes run at their periods, as they do in any case.
 */
async function followMaster({ access, computerId, runNow, logger, signal }: FollowOptions): Promise<void> {
  const client = new EventClient(access, logger);
  const query = { computer: computerId };
  const limit = new PassLimit();
  while (!signal.aborted) {
    try {
      const { newest } = await client.page(0, 1, query, signal);
      logger.debug('Following the events of the master');
      for await (const event of client.follow(newest, query, signal)) {
        for (const pass of passesFor(event)) limit.run(pass, runNow, signal);
      }
    } catch (error) {
      // A master that is away comes back; whatever else it says, it will say again.
      if (!isSlapOSError(error) || !error.retryable) {
        logger.debug(`The master tells no events: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Follows the master of a configuration, and that of another one when the file was read again. */
export class MasterFollower implements AsyncDisposable {
  readonly #runNow: FollowOptions['runNow'];
  readonly #logger: CommandLog;
  #end = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(runNow: FollowOptions['runNow'], logger: CommandLog) {
    this.#runNow = runNow;
    this.#logger = logger;
  }

  /** Begins to follow; a master that was followed before is left. */
  follow(config: ConfigFile): void {
    this.#end.abort();
    this.#end = new AbortController();
    const computerId = config.value('slapos', 'computer_id');
    if (!computerId) return;
    const left = this.#following;
    const { signal } = this.#end;
    const access = accessOf(config);
    if (access === undefined) return;
    const following = followMaster({
      access,
      computerId,
      runNow: this.#runNow,
      logger: this.#logger,
      signal,
    });
    this.#following = Promise.all([left, following]).then(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#following;
  }
}

/** `undefined` when something is missing: the passes say what. */
function accessOf(config: ConfigFile): MasterAccess | undefined {
  try {
    return masterAccess(config);
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

/** Lets a few passes begin at once, and the others one after the other; none that was asked for is lost. */
class PassLimit {
  readonly #beganMs = new Map<string, number[]>();
  readonly #waiting = new Set<string>();

  run(pass: string, runNow: (pass: string) => void, signal: AbortSignal): void {
    if (this.#waiting.has(pass)) return;
    const now = performance.now();
    const began = (this.#beganMs.get(pass) ?? []).filter((atMs) => now - atMs < BURST * REFILL_MS);
    const [oldest] = began;
    const waitMs = oldest === undefined || began.length < BURST ? 0 : oldest + BURST * REFILL_MS - now;
    if (waitMs === 0) {
      this.#beganMs.set(pass, [...began, now]);
      runNow(pass);
      return;
    }
    this.#waiting.add(pass);
    delay(waitMs, undefined, { signal }).then(
      () => {
        this.#waiting.delete(pass);
        this.run(pass, runNow, signal);
      },
      () => undefined,
    );
  }
}
