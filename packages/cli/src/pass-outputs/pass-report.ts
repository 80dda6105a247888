import { BuildError, type InstancePassResult, type ReportPassResult, type SoftwarePassResult } from '@slapos/grid';
import { isSlapOSError } from '@slapos/host';

/** What any pass gives back. */
export type AnyPassResult = SoftwarePassResult | InstancePassResult | ReportPassResult;

/** What went wrong with one item. */
export interface ReportedError {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  /** The lines of a build that say why it failed, and where the whole output is. */
  readonly lines?: readonly string[];
  readonly logPath?: string;
}

/** One Software Release or partition. */
export interface ReportedItem {
  readonly name: string;
  readonly title?: string;
  readonly action?: string;
  readonly reason?: string;
  readonly outcome: string;
  readonly durationMs: number;
  readonly error?: ReportedError;
}

/** What a pass did, as `--report` writes it (spec: ux-ideas §10). */
export interface PassReport {
  readonly apiVersion: 'slapos.cli/1';
  readonly kind: 'PassReport';
  readonly pass: AnyPassResult['pass'];
  readonly passId: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly outcome: string;
  readonly exitCode: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly items: readonly ReportedItem[];
  /** What is about the pass as a whole: the master could not be used, usage could not be sent. */
  readonly error?: ReportedError;
}

/** @param nowMs milliseconds since 1970 */
export function passReport(result: AnyPassResult, exitCode: number, nowMs: number): PassReport {
  const items = result.items.map((item) => reportedItem(item));
  const counts: Record<string, number> = {};
  for (const { outcome } of items) counts[outcome] = (counts[outcome] ?? 0) + 1;
  const error =
    'offlineError' in result ? result.offlineError : 'sendingError' in result ? result.sendingError : undefined;
  return {
    apiVersion: 'slapos.cli/1',
    kind: 'PassReport',
    pass: result.pass,
    passId: result.passId,
    finishedAt: new Date(nowMs).toISOString(),
    durationMs: Math.round(result.durationMs),
    outcome: result.outcome,
    exitCode,
    counts,
    items,
    ...(error === undefined ? {} : { error: reportedError(error) }),
  };
}

function reportedItem(item: AnyPassResult['items'][number]): ReportedItem {
  const about =
    'softwareReleaseUrl' in item
      ? { name: item.softwareReleaseUrl, action: item.action, durationMs: item.durationMs }
      : 'action' in item
        ? { name: item.partitionId, action: item.action, durationMs: item.durationMs }
        : { name: item.partitionId, durationMs: 0 };
  const title = 'instanceTitle' in item ? item.instanceTitle : undefined;
  return {
    ...about,
    durationMs: Math.round(about.durationMs),
    ...(title === undefined ? {} : { title }),
    ...(item.reason === undefined ? {} : { reason: item.reason }),
    outcome: item.outcome,
    ...(item.error === undefined ? {} : { error: reportedError(item.error) }),
  };
}

function reportedError(error: Error): ReportedError {
  const known = isSlapOSError(error) ? error : undefined;
  const failure = error instanceof BuildError ? error.failure : undefined;
  return {
    ...(known === undefined ? {} : { code: known.code }),
    message: error.message,
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(failure === undefined ? {} : { lines: failure.excerpt }),
    ...(failure?.logPath === undefined ? {} : { logPath: failure.logPath }),
  };
}
