/** Marks our errors, whichever copy of whichever package made them. */
const ERROR_BRAND: unique symbol = Symbol.for('@slapos/error') as never;

/** What an error may carry beside its code and message. */
export interface SlapOSErrorOptions {
  /** What the operator can do about it. */
  readonly hint?: string | undefined;
  /** Whether the same call may succeed later without any change. Default false. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

/** The parent of all errors of this family of packages: a stable `code`, a message that says what failed on what, a `hint`. */
export class SlapOSError extends Error {
  /** Stable and machine-readable, like `SLAP_NOT_FOUND`. */
  readonly code: string;
  /** What the operator can do about it; `undefined` when we do not know. */
  readonly hint: string | undefined;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  readonly [ERROR_BRAND] = true;

  constructor(code: string, message: string, options: SlapOSErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
  }
}

/** Tells our errors from all others; works across copies and versions of the packages, where `instanceof` does not. */
export function isSlapOSError(value: unknown): value is SlapOSError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[ERROR_BRAND] === true;
}

/** The codes of {@link SlapError}, explained one by one in the README. */
export const SLAP_ERROR_CODES = [
  'SLAP_AUTHENTICATION',
  'SLAP_CONNECTION_FAILED',
  'SLAP_HATEOAS_UNAVAILABLE',
  'SLAP_HTTP_ERROR',
  'SLAP_INVALID_ARGUMENT',
  'SLAP_INVALID_DOCUMENT',
  'SLAP_NOT_FOUND',
  'SLAP_NOT_READY',
  'SLAP_PARAMETERS_INVALID',
  'SLAP_SCHEMA_UNUSABLE',
  'SLAP_TLS_FAILED',
] as const;

/** One of {@link SLAP_ERROR_CODES}. */
export type SlapErrorCode = (typeof SLAP_ERROR_CODES)[number];

/** What a {@link SlapError} may carry beside its code and message. */
export interface SlapErrorOptions extends SlapOSErrorOptions {
  readonly status?: number | undefined;
}

/** An error of this package: of a call to a master, of a document, or of an argument. */
export class SlapError extends SlapOSError {
  declare readonly code: SlapErrorCode;
  /** The HTTP status of the master's answer; `undefined` when there was none. */
  readonly status: number | undefined;

  constructor(code: SlapErrorCode, message: string, options: SlapErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status;
  }
}

/** Tells a {@link SlapError} by its brand and code; works across copies of the package. */
export function isSlapError(value: unknown, code?: SlapErrorCode): value is SlapError {
  if (!isSlapOSError(value) || !(SLAP_ERROR_CODES as readonly string[]).includes(value.code)) return false;
  return code === undefined || value.code === code;
}
