import { SlapOSError, type SlapOSErrorOptions } from '@slapos/host';

/** The codes of ManagerError. */
export type ManagerErrorCode =
  | 'MANAGER_FAILED'
  | 'MANAGER_INVALID'
  | 'MANAGER_INVALID_OPTIONS'
  | 'MANAGER_NOT_FOUND'
  | 'MANAGER_REFUSED'
  | 'MANAGER_WRONG_CONTRACT';

/** Why a manager cannot be used, or what it could not do. */
export class ManagerError extends SlapOSError {
  declare readonly code: ManagerErrorCode;

  constructor(code: ManagerErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}
