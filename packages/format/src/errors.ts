import { SlapOSError } from '@slapos/host';

/**
 * Codes of this package. `FORMAT_OPTIONS`: options that contradict each other or the machine. `FORMAT_DEFINITION`: a definition file
 * that cannot be used. `FORMAT_STATE`: a computer document that cannot be read. `FORMAT_SHRINK`: fewer partitions asked than there are.
 * `FORMAT_NO_USER`: a user that a partition needs does not exist. `FORMAT_FOLDER`: a folder that cannot be made ready.
 * `FORMAT_USER`: a user is somebody else's. `FORMAT_NO_INTERFACE`, `FORMAT_NO_IPV6`: what addresses are taken from is not there.
 * `FORMAT_NETWORK_EXHAUSTED`: no address or range is left. `FORMAT_NETWORK`: the kernel refuses a change.
 */
export type FormatErrorCode =
  | 'FORMAT_OPTIONS'
  | 'FORMAT_DEFINITION'
  | 'FORMAT_STATE'
  | 'FORMAT_SHRINK'
  | 'FORMAT_NO_USER'
  | 'FORMAT_FOLDER'
  | 'FORMAT_USER'
  | 'FORMAT_NO_INTERFACE'
  | 'FORMAT_NO_IPV6'
  | 'FORMAT_NETWORK_EXHAUSTED'
  | 'FORMAT_NETWORK';

/** What stops a formatting run; nothing after the failing step has been done, and the next run starts over. */
export class FormatError extends SlapOSError {
  declare readonly code: FormatErrorCode;

  constructor(code: FormatErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(code, message, options);
  }
}
