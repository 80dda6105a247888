import { isSlapOSError } from '@slapos/host';

const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'SLAP_CONNECTION_FAILED',
  'SLAP_TLS_FAILED',
  'SLAP_AUTHENTICATION',
  'SLAP_HTTP_ERROR',
]);

/**
 * Whether the error says that the master cannot be used at all (no connection, TLS, any HTTP error but 404 and 408), so that
 * the pass ends as an offline one. (spec: grid 7.1)
 */
export function isMasterUnreachable(error: unknown): boolean {
  return isSlapOSError(error) && UNREACHABLE_CODES.has(error.code);
}

/** Whether the master answered that it does not know what was asked for (404). */
export function isNotFoundAtMaster(error: unknown): boolean {
  return isSlapOSError(error) && error.code === 'SLAP_NOT_FOUND';
}
