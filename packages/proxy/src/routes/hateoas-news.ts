import { statusOf } from '../documents/status.js';
import type { JsonInput } from '../http/python-json.js';
import type { ReportRecord } from '../store/records.js';

/** What is new about an instance, as `service info` reads it: texts that begin `#access` (well) or `#error`; empty when it never reported. */
export function newsOf(report: ReportRecord | undefined): JsonInput[] {
  return report === undefined ? [] : [statusOf(report, report.partitionId)];
}
