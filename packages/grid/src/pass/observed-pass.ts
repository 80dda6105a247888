import { randomUUID } from 'node:crypto';

import type { Master } from '../master/master.js';
import { createEmit, type Emit, type PassName, type PassObserver } from './events.js';
import { PASS_EXIT_CODES } from './result.js';

/** How a pass is watched and stopped. */
export interface PassControl {
  readonly signal?: AbortSignal;
  readonly observer?: PassObserver;
  /** What is wrong with the configuration and does not stop the pass: the observer is told. */
  readonly configWarnings?: readonly string[];
}

/** What all passes are watched by. */
interface WatchedPorts {
  readonly host: { readonly clock: { now(): number; monotonic(): number } };
  readonly master: Pick<Master, 'onRequest'>;
}

/**
 * Runs a pass between the events of its beginning and, when it ends by an error, of its end: who follows the events would wait for it for
 * ever. What is asked of the master meanwhile is told, too. (spec: ux-ideas 17)
 */
export async function observedPass<Result>(
  passName: PassName,
  { host: { clock }, master }: WatchedPorts,
  { observer, configWarnings = [] }: PassControl,
  work: (emit: Emit, passId: string) => Promise<Result>,
): Promise<Result> {
  const began = clock.monotonic();
  const passId = randomUUID();
  const emit = createEmit(passName, passId, clock, observer);
  emit('pass.started', { id: passId, pid: process.pid });
  for (const message of configWarnings) emit('config.warning', { message });
  const unwatch = master.onRequest?.((request) => emit('master.request', request));
  try {
    return await work(emit, passId);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const durationMs = clock.monotonic() - began;
    emit('pass.finished', { outcome: 'failure', exitCode: PASS_EXIT_CODES.failure, counts: {}, durationMs, message });
    throw error;
  } finally {
    unwatch?.();
  }
}
