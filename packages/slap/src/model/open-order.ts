import { SlapError } from '../errors.js';
import type { HateoasNavigator } from '../client/hateoas.js';
import type { CallOptions, SlapConnection } from '../client/slap-connection.js';
import { MarshalObject } from '../wire/values.js';
import { type Computer } from './computer.js';
import { type ComputerPartition, sendRequest } from './computer-partition.js';
import { type InstanceInformation, readInstanceInformation } from './instance-information.js';
import { type InstanceRequest, type NotReady, requestFields } from './request.js';

/** What a user orders from a master (spec: slap-client §7). */
export class OpenOrder {
  readonly #connection: SlapConnection;
  readonly #hateoas: (options: CallOptions) => Promise<HateoasNavigator>;
  readonly #registerComputer: (computerId: string) => Computer;

  /** @internal Made by the client; nothing is sent. */
  constructor(
    connection: SlapConnection,
    options: {
      hateoas: (options: CallOptions) => Promise<HateoasNavigator>;
      registerComputer: (computerId: string) => Computer;
    },
  ) {
    this.#connection = connection;
    this.#hateoas = options.hateoas;
    this.#registerComputer = options.registerComputer;
  }

  /**
   * Requests an instance; the same name updates the same instance. Idempotent.
   * {@link NotReady} while the master is still making it.
   * Wire: POST requestComputerPartition (spec: slap-client §7).
   */
  async request(request: InstanceRequest, options: CallOptions = {}): Promise<ComputerPartition | NotReady> {
    const fields = requestFields(request);
    return sendRequest(this.#connection, request, options, [
      ['software_release', request.softwareReleaseUrl],
      ['partition_reference', request.partitionReference],
      ['partition_parameter_xml', fields.parameters],
      ['filter_xml', fields.filter],
      ['software_type', fields.softwareType],
      ['state', fields.state],
      ['shared_xml', fields.shared],
    ]);
  }

  /** Orders a computer by its title. Wire: POST requestComputer (spec: slap-client §7). */
  async requestComputer(title: string, options: CallOptions = {}): Promise<Computer> {
    const path = 'requestComputer';
    const document = this.#connection.read(
      path,
      await this.#connection.post(path, [['computer_title', title]], options),
    );
    const computerId =
      document instanceof MarshalObject
        ? (document.attributes.get('_computer_id') ?? document.initArguments[0])
        : undefined;
    if (typeof computerId !== 'string') {
      throw new SlapError('SLAP_INVALID_DOCUMENT', `The master answered ${path} with something else than a computer.`);
    }
    return this.#registerComputer(computerId);
  }

  /**
   * What the master's documents say of an instance of this user. Needs hateoas.
   * @throws SlapError `SLAP_NOT_FOUND`, `SLAP_HATEOAS_UNAVAILABLE`.
   */
  async getInformation(partitionReference: string, options: CallOptions = {}): Promise<InstanceInformation> {
    const navigator = await this.#hateoas(options);
    return readInstanceInformation(
      await navigator.getInstanceTreeRootSoftwareInstanceInformation(partitionReference, options),
    );
  }
}
