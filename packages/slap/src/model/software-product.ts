import { SlapError } from '../errors.js';
import type { CallFields, CallOptions, SlapConnection } from '../client/slap-connection.js';
import { readTexts } from './answers.js';

/** Software products: names for the best Software Release of a kind (spec: slap-client §5). */
export class SoftwareProductCollection {
  readonly #connection: SlapConnection;

  /** @internal Made by the client; nothing is sent. */
  constructor(connection: SlapConnection) {
    this.#connection = connection;
  }

  /** The URL of the best release of a product. @throws SlapError `SLAP_NOT_FOUND` when the product has none. */
  async get(productReference: string, options: CallOptions = {}): Promise<string> {
    const [best] = await this.getSoftwareReleaseList({ productReference }, options);
    if (best === undefined) {
      const text = `No Software Release corresponding to the Software Product ${JSON.stringify(productReference)} has been found.`;
      throw new SlapError('SLAP_NOT_FOUND', text, { hint: 'Give the URL of a Software Release instead.' });
    }
    return best;
  }

  /**
   * The releases of a product, or of the product that a release belongs to, best first.
   * Wire: GET getSoftwareReleaseListFromSoftwareProduct (spec: slap-client §3).
   */
  async getSoftwareReleaseList(
    query: { productReference: string } | { softwareReleaseUrl: string },
    options: CallOptions = {},
  ): Promise<string[]> {
    const path = 'getSoftwareReleaseListFromSoftwareProduct';
    const { productReference, softwareReleaseUrl } = query as {
      productReference?: string;
      softwareReleaseUrl?: string;
    };
    if ((productReference === undefined) === (softwareReleaseUrl === undefined)) {
      throw new SlapError(
        'SLAP_INVALID_ARGUMENT',
        'Give the reference of a product or the URL of a release, one of the two.',
      );
    }
    const fields: CallFields = [
      ['software_product_reference', productReference ?? null],
      ['software_release_url', softwareReleaseUrl ?? null],
    ];
    return readTexts(this.#connection.read(path, await this.#connection.get(path, fields, options)));
  }
}
