import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { SlapError } from '../errors.js';
import type { Logger } from '../logger.js';

const FILE_MODE = 0o600;
// A link is never followed, and a FIFO put in its place cannot make us wait.
const SAFE_FLAGS = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Whether a partition id is one plain name, and so cannot lead out of a folder. */
export function isPlainPartitionId(partitionId: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}$/.test(partitionId);
}

/**
 * The list of children that a partition requested while it is instantiated:
 * `ROOT/P/.slapos-request-transaction-P`, one name a line (spec: slap-client §6). The grid reads it afterwards.
 * All errors of files are ignored, as in the original: outside an instantiation there is nobody to read it.
 */
export class TransactionFile {
  readonly #path: string;
  readonly #logger: Logger;

  constructor(instanceRoot: string, partitionId: string, logger: Logger) {
    this.#path = join(instanceRoot, partitionId, `.slapos-request-transaction-${partitionId}`);
    this.#logger = logger;
  }

  /** Makes the empty file when it is not there. */
  create(): void {
    this.#attempt(constants.O_CREAT | constants.O_EXCL, () => {});
  }

  /**
   * Adds a name; called before the request is sent, so that a request whose answer is lost counts too.
   * @throws SlapError `SLAP_INVALID_ARGUMENT` for a name with a line break, which would read as two.
   */
  append(partitionReference: string): void {
    if (/[\r\n]/.test(partitionReference)) {
      throw new SlapError('SLAP_INVALID_ARGUMENT', 'The name of a requested instance must be one line.');
    }
    this.#attempt(constants.O_APPEND | constants.O_CREAT, (descriptor) =>
      writeSync(descriptor, `${partitionReference}\n`),
    );
  }

  #attempt(flags: number, action: (descriptor: number) => void): void {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(this.#path, SAFE_FLAGS | flags, FILE_MODE);
      const status = fstatSync(descriptor);
      // A hard link to someone else's file is left alone too.
      if (status.isFile() && status.nlink === 1) action(descriptor);
    } catch (error) {
      this.#logger.debug('The file of requested instances was left alone.', { path: this.#path, error });
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}
