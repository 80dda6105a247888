import { setTimeout as delay } from 'node:timers/promises';

import { z } from 'zod';

import { checkOptions } from '../configuration/check-options.js';

/** A failure that clients are to meet. */
export interface Fault {
  /** Path of the calls that it hits, such as `/requestComputerPartition`; all calls when it is absent. */
  readonly path?: string;
  /** How long the call waits before anything else happens, in milliseconds. */
  readonly delayMs?: number;
  /** Answer this status, from 200 to 599, instead of serving the call. */
  readonly status?: number;
  /** Close the connection without an answer. Without a connection, `fetch` rejects like one that was refused. */
  readonly drop?: boolean;
  /** How many calls it hits; default all, until it is removed. */
  readonly times?: number;
}

const faultSchema = z.strictObject({
  path: z.string().startsWith('/').optional(),
  delayMs: z.number().nonnegative().optional(),
  status: z.int().min(200).max(599).optional(),
  drop: z.boolean().optional(),
  times: z.int().positive().optional(),
});

/** What is to be done with a call; `serve` means that it goes its ordinary way. */
export type FaultOutcome =
  | { readonly action: 'serve' | 'drop' }
  | { readonly action: 'answer'; readonly status: number };

interface ActiveFault {
  readonly fault: Fault;
  remaining: number;
}

/** The faults of one proxy. The first that fits a call hits it. */
export class FaultInjector {
  readonly #faults = new Set<ActiveFault>();

  /**
   * Begins to hit calls; disposing of the result ends it.
   * @throws ProxyError `PROXY_INVALID_OPTIONS`.
   */
  add(fault: Fault): Disposable {
    checkOptions(faultSchema, fault, 'The fault is wrong');
    const active = { fault, remaining: fault.times ?? Number.POSITIVE_INFINITY };
    this.#faults.add(active);
    return { [Symbol.dispose]: () => void this.#faults.delete(active) };
  }

  async meet(path: string): Promise<FaultOutcome> {
    const active = [...this.#faults].find(({ fault }) => fault.path === undefined || fault.path === path);
    if (active === undefined) return { action: 'serve' };
    active.remaining -= 1;
    if (active.remaining <= 0) this.#faults.delete(active);
    const { delayMs, status, drop } = active.fault;
    if (delayMs !== undefined) await delay(delayMs);
    if (drop === true) return { action: 'drop' };
    return status === undefined ? { action: 'serve' } : { action: 'answer', status };
  }
}
