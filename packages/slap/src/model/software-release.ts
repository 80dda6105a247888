import { SlapError } from '../errors.js';
import type { CallFields, CallOptions, SlapConnection } from '../client/slap-connection.js';

/** A Software Release, on a computer when `computerId` is known (spec: slap-client §5). */
export class SoftwareRelease {
  readonly softwareReleaseUrl: string;
  readonly computerId: string | undefined;
  /** `available` where the master says nothing. */
  readonly requestedState: string;
  readonly #connection: SlapConnection;

  /** @internal Made by the client; nothing is sent. */
  constructor(
    connection: SlapConnection,
    options: { softwareReleaseUrl: string; computerId?: string | undefined; requestedState?: string | undefined },
  ) {
    this.#connection = connection;
    this.softwareReleaseUrl = options.softwareReleaseUrl;
    this.computerId = options.computerId;
    this.requestedState = options.requestedState ?? 'available';
  }

  /** @throws SlapError `SLAP_INVALID_ARGUMENT` when the release has no URL. */
  getURI(): string {
    if (this.softwareReleaseUrl === '') throw new SlapError('SLAP_INVALID_ARGUMENT', 'A Software Release has no URL.');
    return this.softwareReleaseUrl;
  }

  /** @throws SlapError `SLAP_INVALID_ARGUMENT` when the release was registered without a computer. */
  getComputerId(): string {
    if (this.computerId === undefined || this.computerId === '') {
      throw new SlapError(
        'SLAP_INVALID_ARGUMENT',
        `Software Release ${JSON.stringify(this.softwareReleaseUrl)} has no computer.`,
        {
          hint: 'Give the computer id to registerSoftwareRelease.',
        },
      );
    }
    return this.computerId;
  }

  /** What the master asks for: `available` or `destroyed`. */
  getState(): string {
    return this.requestedState;
  }

  /** Says that it is being built. Wire: POST buildingSoftwareRelease (spec: slap-client). */
  async building(options: CallOptions = {}): Promise<void> {
    await this.#connection.post('buildingSoftwareRelease', this.#fields(), options);
  }

  /** Says that it is built and usable. Wire: POST availableSoftwareRelease (spec: slap-client). */
  async available(options: CallOptions = {}): Promise<void> {
    await this.#connection.post('availableSoftwareRelease', this.#fields(), options);
  }

  /** Says that it is removed. Wire: POST destroyedSoftwareRelease (spec: slap-client). */
  async destroyed(options: CallOptions = {}): Promise<void> {
    await this.#connection.post('destroyedSoftwareRelease', this.#fields(), options);
  }

  /**
   * Reports a failed build; never rejects, a failure is logged.
   * Wire: POST softwareReleaseError (spec: slap-client).
   */
  async error(text: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#connection.post('softwareReleaseError', [...this.#fields(), ['error_log', text]], options);
    } catch (error) {
      this.#connection.logger.error('The failure of a Software Release could not be reported to the master.', {
        softwareReleaseUrl: this.softwareReleaseUrl,
        error,
      });
    }
  }

  #fields(): CallFields {
    return [
      ['url', this.getURI()],
      ['computer_id', this.getComputerId()],
    ];
  }
}
