import { BuildError, type InstancePassResult, type ReportPassResult, type SoftwarePassResult } from '@slapos/grid';
import { isSlapOSError } from '@slapos/host';
import type { CommandLog } from '../output/log.js';

const MILLISECONDS = 1000;

/** Ten seconds of reading: how many of each, and what went wrong (spec: ux-ideas §10). */
export function logSoftwareSummary(logger: CommandLog, result: SoftwarePassResult): void {
  for (const item of result.items) {
    if (item.error !== undefined) logger.error(`${item.softwareReleaseUrl} failed\n${explain(item.error)}`);
  }
  logger.info(
    `software pass: ${count(result.items.length, 'release')} in ${seconds(result.durationMs)}${outcomes(result.items)}`,
  );
}

/** The same for an instance pass. */
export function logInstanceSummary(logger: CommandLog, result: InstancePassResult): void {
  logger.info(
    `instance pass: ${count(result.items.length, 'partition')} in ${seconds(result.durationMs)}${outcomes(result.items)}`,
  );
  for (const { partitionId, instanceTitle, outcome, error } of result.items) {
    if (error === undefined) continue;
    const word = outcome === 'promise-failed' ? 'PROMISES' : 'FAILED';
    logger.error(
      `  ${[partitionId, instanceTitle, word].filter((text) => text !== undefined).join('  ')}\n${explain(error)}`,
    );
  }
}

/** The same for a report pass. */
export function logReportSummary(logger: CommandLog, result: ReportPassResult): void {
  const documents = count(result.acceptedDocuments, 'usage document');
  logger.info(
    `report pass: ${count(result.items.length, 'partition')} in ${seconds(result.durationMs)}${outcomes(result.items)}; ${documents} accepted`,
  );
  for (const { partitionId, error } of result.items)
    if (error !== undefined) logger.error(`  ${partitionId}  FAILED\n${explain(error)}`);
  if (result.sendingError !== undefined)
    logger.error(`  usage reports wait for the next pass\n${explain(result.sendingError)}`);
}

/** Why, with the lines of the build that say it, and what to do. */
function explain(error: Error): string {
  const excerpt = error instanceof BuildError ? error.failure.excerpt.map((line) => `      | ${line}`) : [];
  const log =
    error instanceof BuildError && error.failure.logPath !== undefined
      ? [`      the whole output: ${error.failure.logPath}`]
      : [];
  const hint = isSlapOSError(error) && error.hint !== undefined ? [`      hint: ${error.hint}`] : [];
  const message = error.message.split('\n').map((line) => `      ${line}`);
  return [...message, ...excerpt, ...log, ...hint].join('\n');
}

function outcomes(items: readonly { readonly outcome: string }[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of items) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const parts = [...counts].map(([outcome, number]) => `${number} ${outcome}`);
  return parts.length === 0 ? '' : ` – ${parts.join(', ')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / MILLISECONDS).toFixed(1)} s`;
}
