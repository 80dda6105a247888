import {
  BuildError,
  type InstancePassResult,
  PASS_EXIT_CODES,
  type ReportPassResult,
  type SoftwarePassResult,
} from '@slapos/grid';
import { isSlapOSError } from '@slapos/host';
import type { CommandLog } from '../output/log.js';
import { shortUrls } from './short-urls.js';
import { outcomeCounts, type SummaryRow, summaryRows } from './summary-table.js';

const MILLISECONDS = 1000;

/** How often a promise has failed without a success between, this pass included. */
export type FailuresInARow = (partition: string, promise: string) => Promise<number>;

/** Ten seconds of reading: how many of each, and what went wrong (spec: ux-ideas §10). */
export function logSoftwareSummary(logger: CommandLog, result: SoftwarePassResult): void {
  const rows: SummaryRow[] = [];
  const short = shortUrls(result.items.map(({ softwareReleaseUrl }) => softwareReleaseUrl));
  for (const { softwareReleaseUrl, error, logPath } of result.items) {
    if (error === undefined) continue;
    // All others have been logged in full when they happened.
    if (error instanceof BuildError) logger.error(`${softwareReleaseUrl} failed\n${explain(error)}`);
    const command = logPath === undefined ? 'node events --type software' : `less ${logPath}`;
    rows.push({ names: [short(softwareReleaseUrl), ''], word: 'FAILED', reason: reasonOf(error), command });
  }
  const outcomes = result.items.map(({ outcome }) => outcome);
  const heading = `software pass: ${count(outcomes.length, 'release')} in ${seconds(result.durationMs)}`;
  logSummary(logger, `${heading}${outcomeCounts(outcomes)}`, rows, PASS_EXIT_CODES[result.outcome]);
}

/** The same for an instance pass. */
export async function logInstanceSummary(
  logger: CommandLog,
  result: InstancePassResult,
  failuresInARow: FailuresInARow,
): Promise<void> {
  const rows: SummaryRow[] = [];
  for (const { partitionId, instanceTitle = '', outcome, error, failedPromise } of result.items) {
    const names = [partitionId, instanceTitle] as const;
    if (failedPromise !== undefined) {
      const times = await failuresInARow(partitionId, failedPromise.name);
      const often = times > 1 ? ` (${String(times)}×)` : '';
      const said = failedPromise.message.trim().split('\n', 1)[0] ?? '';
      const reason = `${failedPromise.name}: ${said}${often}`;
      rows.push({ names, word: 'PROMISES', reason, command: `node promise --only-cp ${partitionId}` });
    } else if (error !== undefined) {
      if (error instanceof BuildError) logger.error(`${partitionId} failed\n${explain(error)}`);
      const command = outcome === 'missing' ? 'node format' : `node logs ${partitionId} --last-pass`;
      rows.push({ names, word: outcome === 'missing' ? 'MISSING' : 'FAILED', reason: reasonOf(error), command });
    }
  }
  const outcomes = result.items.map(({ outcome, failedPromise }) =>
    failedPromise === undefined ? outcome : 'promise-failed',
  );
  const heading = `instance pass: ${count(outcomes.length, 'partition')} in ${seconds(result.durationMs)}`;
  const offline = result.offlineError === undefined ? '' : ' – the master is away';
  logSummary(logger, `${heading}${outcomeCounts(outcomes)}${offline}`, rows, PASS_EXIT_CODES[result.outcome]);
}

/** The same for a report pass. */
export function logReportSummary(logger: CommandLog, result: ReportPassResult): void {
  const rows: SummaryRow[] = [];
  for (const { partitionId, outcome, error } of result.items) {
    if (error === undefined) continue;
    const command = outcome === 'missing' ? 'node format' : `node logs ${partitionId} --last-pass`;
    rows.push({
      names: [partitionId, ''],
      word: outcome === 'missing' ? 'MISSING' : outcome === 'kept' ? 'KEPT' : 'FAILED',
      reason: reasonOf(error),
      command,
    });
  }
  if (result.sendingError !== undefined)
    logger.error(`Usage reports wait for the next pass\n${explain(result.sendingError)}`);
  const outcomes = result.items.map(({ outcome }) => outcome);
  const heading = `report pass: ${count(outcomes.length, 'partition')} in ${seconds(result.durationMs)}`;
  const documents = `; ${count(result.acceptedDocuments, 'usage document')} accepted`;
  logSummary(logger, `${heading}${outcomeCounts(outcomes)}${documents}`, rows, PASS_EXIT_CODES[result.outcome]);
}

/** One record, so that nothing comes between its lines. The code is said where it is not that of a success. */
function logSummary(logger: CommandLog, heading: string, rows: readonly SummaryRow[], exitCode: number): void {
  const ending = exitCode === 0 ? [] : [`exit ${String(exitCode)}`];
  const { stream } = logger.console;
  const columns = stream.isTTY === true ? stream.columns : undefined;
  logger.info([heading, ...summaryRows(rows, columns), ...ending].join('\n'));
}

/** Why, in a few words: `buildout: part "nginx" exited 1`. */
function reasonOf(error: Error): string {
  if (!(error instanceof BuildError) || error.code !== 'GRID_BUILD_FAILED') return error.message;
  const { part, exitCode } = error.failure;
  if (exitCode === undefined) return error.message;
  return part === undefined
    ? `buildout exited ${String(exitCode)}`
    : `buildout: part "${part}" exited ${String(exitCode)}`;
}

/** Why, with the lines of the build that say it, and what to do. */
function explain(error: Error): string {
  const isBuild = error instanceof BuildError;
  const excerpt = isBuild ? error.failure.excerpt.map((line) => `      | ${line}`) : [];
  const logPath = isBuild ? error.failure.logPath : undefined;
  const log = logPath === undefined ? [] : [`      the whole output: ${logPath}`];
  // The hint of a build says where its log is, too.
  const hint =
    isSlapOSError(error) && error.hint !== undefined && logPath === undefined ? [`      hint: ${error.hint}`] : [];
  const message = error.message.split('\n').map((line) => `      ${line}`);
  return [...message, ...excerpt, ...log, ...hint].join('\n');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / MILLISECONDS).toFixed(1)} s`;
}
