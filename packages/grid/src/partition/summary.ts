import type { Logger } from '@slapos/host';

import { errorReport } from '../errors.js';
import type { ItemOutcome } from '../pass/events.js';

const RULE_WIDTH = 80;

interface SummaryItem {
  readonly partitionId: string;
  readonly softwareType?: string;
  readonly outcome: ItemOutcome;
  readonly error?: Error;
}

/** The last lines of a pass, which tools read. (spec: grid 17) */
export function logSummary(logger: Logger, items: readonly SummaryItem[]): void {
  logger.info('Finished computer partitions.');
  logger.info('='.repeat(RULE_WIDTH));
  for (const [outcome, title] of [
    ['failed', 'Error while processing the following partitions:'],
    ['promise-failed', 'Error with promises for the following partitions:'],
  ] as const) {
    const failures = items.filter((item) => item.outcome === outcome);
    if (failures.length === 0) continue;
    logger.info(title);
    for (const { partitionId, softwareType, error } of failures) {
      logger.info(`  ${partitionId}[${softwareType ?? '(not ready)'}]: ${errorReport(error).trimEnd()}`);
    }
  }
}
