import { SlapOSError, type SlapOSErrorOptions } from '@slapos/host';

/**
 * Codes of this package. `CLI_USAGE`: wrong arguments. `CLI_UNKNOWN_COMMAND`: no such command. `CLI_NOT_ROOT`: the command needs root.
 * `CLI_CONFIGURATION`: a configuration file that is missing, cannot be read, or holds a wrong value. `CLI_INPUT`: an argument whose content
 * is wrong. `CLI_TIMEOUT`: what was waited for did not come in time. `CLI_WEB_FAILED`: the web interface of a master refused, or could not be
 * reached or trusted.
 */
export type CliErrorCode =
  | 'CLI_USAGE'
  | 'CLI_UNKNOWN_COMMAND'
  | 'CLI_NOT_ROOT'
  | 'CLI_CONFIGURATION'
  | 'CLI_INPUT'
  | 'CLI_TIMEOUT'
  | 'CLI_WEB_FAILED';

/** What the command line itself finds wrong. */
export class CliError extends SlapOSError {
  declare readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}
