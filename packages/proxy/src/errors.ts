import { SlapOSError } from '@slapos/slap';

/**
 * The codes of ProxyError, with the HTTP status that a client sees.
 * A status of 500 means that no request can be the cause: these codes are thrown while opening or listening.
 */
const HTTP_STATUS_OF_CODE = {
  PROXY_BUSY: 503,
  PROXY_CACHE_NOT_CONFIGURED: 503,
  PROXY_CLOSED: 503,
  PROXY_CONFLICT: 409,
  PROXY_DATABASE_FAILED: 503,
  PROXY_DATABASE_NOT_MIGRATED: 500,
  PROXY_DATABASE_TOO_NEW: 500,
  PROXY_DATABASE_UNREADABLE: 500,
  PROXY_FORBIDDEN: 403,
  PROXY_FORWARDING_LOOP: 508,
  PROXY_INVALID_OPTIONS: 500,
  PROXY_INVALID_REQUEST: 400,
  PROXY_LISTEN_FAILED: 500,
  PROXY_MASTER_NOT_CONFIGURED: 404,
  PROXY_NO_FREE_PARTITION: 404,
  PROXY_NOT_FOUND: 404,
  PROXY_NOT_READY: 408,
  PROXY_STORAGE_FAILED: 503,
  PROXY_TOO_LARGE: 413,
  PROXY_UNAUTHORIZED: 401,
  PROXY_UPSTREAM_FAILED: 502,
  PROXY_UPSTREAM_TIMEOUT: 504,
} as const;

export type ProxyErrorCode = keyof typeof HTTP_STATUS_OF_CODE;

export interface ProxyErrorOptions {
  /** What the operator or the client can do about it, when we know. */
  readonly hint?: string;
  /** Whether the same call can succeed later without anybody changing anything. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** What went wrong in the mini-master: a request that it cannot serve, or a database that it cannot open. */
export class ProxyError extends SlapOSError {
  declare readonly code: ProxyErrorCode;

  constructor(code: ProxyErrorCode, message: string, options: ProxyErrorOptions = {}) {
    super(code, message, options);
  }

  /** The status of the HTTP answer for this error. */
  get httpStatus(): (typeof HTTP_STATUS_OF_CODE)[ProxyErrorCode] {
    return HTTP_STATUS_OF_CODE[this.code];
  }
}
