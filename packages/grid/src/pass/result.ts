import type { ItemOutcome } from './events.js';

/** What a pass as a whole came to. */
export type PassOutcome =
  | 'success'
  /** At least one item failed. */
  | 'failure'
  /** Nothing failed but promises. */
  | 'promise-failure'
  /** The master could not be reached; what was deployed is running. */
  | 'offline'
  /** The master could not be reached, and the services could not be started. */
  | 'offline-failure';

/** The exit code that belongs to each outcome. (spec: grid 3.4) */
export const PASS_EXIT_CODES: Readonly<Record<PassOutcome, number>> = {
  success: 0,
  failure: 1,
  'promise-failure': 2,
  offline: 3,
  'offline-failure': 1,
};

/** How many items ended in each way. */
export function countOutcomes(items: readonly { readonly outcome: ItemOutcome }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of items) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
