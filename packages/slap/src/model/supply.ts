import { isSlapError, SlapError } from '../errors.js';
import type { CallOptions, SlapConnection } from '../client/slap-connection.js';

/** Which computer is to have which Software Release (spec: slap-client §5). */
export class Supply {
  readonly #connection: SlapConnection;

  /** @internal Made by the client; nothing is sent. */
  constructor(connection: SlapConnection) {
    this.#connection = connection;
  }

  /**
   * Asks for a Software Release on a computer (`available`, the default) or for its removal (`destroyed`).
   * @throws SlapError `SLAP_NOT_FOUND` when the master does not know the computer.
   * Wire: POST supplySupply (spec: slap-client §5).
   */
  async supply(
    supply: { softwareReleaseUrl: string; computerId?: string | null | undefined; state?: string | undefined },
    options: CallOptions = {},
  ): Promise<void> {
    const { softwareReleaseUrl, computerId = null, state = 'available' } = supply;
    try {
      await this.#connection.post(
        'supplySupply',
        [
          ['url', softwareReleaseUrl],
          ['computer_id', computerId],
          ['state', state],
        ],
        options,
      );
    } catch (error) {
      if (!isSlapError(error, 'SLAP_NOT_FOUND')) throw error;
      throw new SlapError('SLAP_NOT_FOUND', `Computer ${computerId ?? ''} has not been found by SlapOS Master.`, {
        status: error.status,
        hint: 'Check the computer id; the computer must be registered and belong to you.',
        cause: error,
      });
    }
  }
}
