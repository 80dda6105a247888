const ERROR_BRAND = Symbol.for('@slapos/error');

export interface SlapOSErrorOptions {
  /** What the operator can do about it, when we know. */
  readonly hint?: string;
  /** Whether the same call can succeed later without anybody changing anything. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * The base of every error that SlapOS packages throw: a stable `code`, a message that says what was attempted on what,
 * and a `hint` when the remedy is known.
 */
export class SlapOSError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: SlapOSErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    Object.defineProperty(this, ERROR_BRAND, { value: true });
  }
}

/** Whether the value is a SlapOSError; it looks at a brand, so it works across copies of the package. */
export function isSlapOSError(value: unknown): value is SlapOSError {
  return value instanceof Error && ERROR_BRAND in value;
}

/** The codes of HostError. */
export type HostErrorCode =
  | 'HOST_COMMAND_ABORTED'
  | 'HOST_COMMAND_FAILED'
  | 'HOST_COMMAND_FAILED_TO_START'
  | 'HOST_COMMAND_NOT_FOUND'
  | 'HOST_COMMAND_OUTPUT_TOO_LARGE'
  | 'HOST_COMMAND_UNTRUSTED'
  | 'HOST_FILE_FAILED'
  | 'HOST_FILE_TOO_LARGE'
  | 'HOST_INVALID_ARGUMENT'
  | 'HOST_INVALID_SIZE'
  | 'HOST_LOCKED'
  | 'HOST_LOCK_FAILED'
  | 'HOST_NETWORK_FAILED'
  | 'HOST_NOT_ROOT'
  | 'HOST_PRIVILEGES_NOT_DROPPED'
  | 'HOST_REFUSED_IDENTITY'
  | 'HOST_TREE_NOT_REMOVED'
  | 'HOST_UNTRUSTED_CHANGED'
  | 'HOST_UNTRUSTED_ENTRY'
  | 'HOST_USER_FAILED';

/** What went wrong between us and the machine. */
export class HostError extends SlapOSError {
  declare readonly code: HostErrorCode;

  constructor(code: HostErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}

/** The `code` of a Node.js system error (`ENOENT`…), or `undefined` when the value is something else. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Texts for the errors that an operator meets most, in his words rather than the kernel's. */
const FILE_ERROR_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Check the owner and the mode of the path and of the folders above it, or run as root.',
  EDQUOT: 'The disk quota of the user is used up: raise it or remove files.',
  EMFILE: 'This process has too many open files: raise its limit (ulimit -n).',
  ENFILE: 'The machine has too many open files: raise fs.file-max.',
  ENOSPC: 'The file system is full: remove files or make it larger, then run again.',
  EROFS: 'The file system is mounted read-only: look at the kernel log for disk errors, then remount it.',
  EIO: 'The disk reports an error: look at the kernel log and replace it if needed.',
};

/** Turns a system error into a HostError `HOST_FILE_FAILED` that names the action and the path; passes HostErrors through. */
export function fileError(action: string, path: string, error: unknown): Error {
  if (isSlapOSError(error)) return error;
  const code = systemErrorCode(error);
  const reason = code ?? (error instanceof Error ? error.message : String(error));
  const hint = code === undefined ? undefined : FILE_ERROR_HINTS[code];
  return new HostError('HOST_FILE_FAILED', `Cannot ${action} ${JSON.stringify(path)}: ${reason}`, {
    cause: error,
    retryable: code === 'EMFILE' || code === 'ENFILE' || code === 'ENOSPC' || code === 'EINTR' || code === 'EAGAIN',
    ...(hint === undefined ? {} : { hint }),
  });
}
