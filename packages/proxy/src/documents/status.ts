import type { ReportKind, ReportRecord } from '../store/records.js';

const USER = 'SlapOS Master';
const MILLISECONDS_PER_SECOND = 1_000;

/** Kinds that say that something is wrong. */
const BAD_KINDS = new Set<ReportKind>(['error', 'bang']);

/** What `getComputerStatus` and `getComputerPartitionStatus` answer: who said it, when (RFC 1123), and a text that begins `#access` or `#error`. */
export interface StatusDocument {
  readonly user: string;
  readonly created_at: string;
  readonly text: string;
  readonly [key: string]: string;
}

/** The status of a computer: the newest report of anything on it. */
export function computerStatus(latest: readonly ReportRecord[], computerId: string): StatusDocument {
  return statusOf(latest.at(-1), `computer ${computerId}`);
}

/** The status that one report tells; `subject` names what it is about when there is none. */
export function statusOf(report: ReportRecord | undefined, subject: string): StatusDocument {
  if (report === undefined) return { user: USER, created_at: '', text: `#error no data found for ${subject}` };
  const mood = BAD_KINDS.has(report.kind) ? '#error' : '#access';
  const about = report.partitionId === '' ? report.softwareReleaseUrl : report.partitionId;
  const message = report.message === '' ? report.kind : `${report.kind}: ${report.message}`;
  return {
    user: USER,
    created_at: new Date(report.reportedAt * MILLISECONDS_PER_SECOND).toUTCString(),
    text: [mood, about, message].filter((part) => part !== '').join(' '),
  };
}
