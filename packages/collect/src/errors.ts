import { SlapOSError, type SlapOSErrorOptions } from '@slapos/host';

/** The codes of CollectError. */
export type CollectErrorCode =
  | 'COLLECT_ARCHIVE_FAILED'
  | 'COLLECT_DATABASE_BROKEN'
  | 'COLLECT_DATABASE_FAILED'
  | 'COLLECT_DATABASE_MISSING'
  | 'COLLECT_HEATING_MODEL_UNKNOWN';

/** Why measurements could not be taken, kept or read. */
export class CollectError extends SlapOSError {
  declare readonly code: CollectErrorCode;

  constructor(code: CollectErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}

/** The text of whatever was thrown, for a log line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
