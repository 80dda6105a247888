import { EXIT_CODES } from '../exit-codes.js';
import type { CommandLog } from '../output/log.js';

/** From the keyboard, from a service manager, and from a terminal that goes away. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal asks the command to end after the current step, the second ends it at once (spec: ux-ideas, acceptance).
 * @param stop is aborted by the first; commands that were started see to their children
 */
export function abortOnSignals(stop: AbortController, log: CommandLog): void {
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(EXIT_CODES.INTERRUPTED);
    log.info(`Received ${name}: ending after the current step. Once more ends at once.`);
    stop.abort(new DOMException(`Received ${name}`, 'AbortError'));
  };
  for (const name of ENDING_SIGNALS) process.on(name, onSignal);
}
