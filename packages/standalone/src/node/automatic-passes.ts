import { setTimeout as pause } from 'node:timers/promises';
import type { StandaloneNode } from './standalone-node.js';

const DEFAULT_EVERY_MS = 60_000;
const DEFAULT_REPORT_EVERY = 60;

/** How often the passes run. */
export interface AutomaticPassesOptions {
  /** Pause between two rounds of software and instance pass, in milliseconds. Default 60,000. */
  readonly everyMs?: number | undefined;
  /** Rounds between two report passes. Default 60. */
  readonly reportEvery?: number | undefined;
  /** Told of each pass that failed; the next round goes on. Failures are in the logs of the passes, too. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/** Passes that run by themselves until this is disposed of, which waits for the one that runs. */
export interface AutomaticPasses extends AsyncDisposable {
  /** How many rounds have ended. */
  readonly rounds: number;
}

/** Starts the loop. */
export function startAutomaticPasses(
  node: StandaloneNode,
  options: AutomaticPassesOptions,
  instanceOnly: boolean,
): AutomaticPasses {
  const { everyMs = DEFAULT_EVERY_MS, reportEvery = DEFAULT_REPORT_EVERY, onFailure } = options;
  const end = new AbortController();
  const { signal } = end;
  let rounds = 0;
  const attempt = async (pass: () => Promise<unknown>): Promise<void> => {
    if (signal.aborted) return;
    await pass().catch((error: unknown) => {
      if (!signal.aborted) onFailure?.(error);
    });
  };
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      if (!instanceOnly) await attempt(() => node.buildSoftware({ signal }));
      await attempt(() => node.processInstances({ signal }));
      rounds += 1;
      if (rounds % reportEvery === 0) await attempt(() => node.processReports({ signal }));
      await pause(everyMs, undefined, { signal }).catch(() => undefined); // Aborted: the loop ends.
    }
  };
  const running = loop();
  return {
    get rounds() {
      return rounds;
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
    },
  };
}
