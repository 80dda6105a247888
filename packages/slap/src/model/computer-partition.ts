import { SlapError } from '../errors.js';
import type { CallFields, CallOptions, SlapConnection } from '../client/slap-connection.js';
import { isPlainPartitionId, TransactionFile } from '../client/transaction-file.js';
import { marshal } from '../wire/marshal-writer.js';
import { type MarshalInput, MarshalObject, type MarshalValue, type PlainRecord, toPlain } from '../wire/values.js';
import { readAddressPairs, readCertificate, type CertificateAndKey } from './answers.js';
import { connectionFromXml } from './information.js';
import { type InstanceRequest, NotReady, requestFields } from './request.js';
import { SoftwareRelease } from './software-release.js';

const FETCHED_FIELDS = [
  '_instance_guid',
  '_requested_state',
  '_software_release_document',
  '_parameter_dict',
  '_connection_dict',
] as const;

/** What a partition is made of. */
export interface ComputerPartitionSource {
  readonly computerId: string;
  readonly partitionId: string;
  /** Attributes of a document that are already known. */
  readonly attributes?: ReadonlyMap<string, MarshalInput> | undefined;
  /** The instance root, while the partition is instantiated: the names of its requests are noted there. */
  readonly transactionDirectory?: string | undefined;
}

/**
 * A place on a computer where an instance runs, or may run (spec: slap-client §6). What is not known yet is fetched once,
 * when it is first asked for. Wire of all calls: `computer_id`, `computer_partition_id` and what is said there.
 */
export class ComputerPartition {
  readonly isReady = true;
  readonly computerId: string;
  readonly partitionId: string;
  readonly #connection: SlapConnection;
  readonly #transaction: TransactionFile | undefined;
  readonly #attributes: Map<string, MarshalInput>;
  #fetching: Promise<void> | undefined;
  #usage: string | undefined;

  /** @internal Made by the client; nothing is sent. */
  constructor(connection: SlapConnection, source: ComputerPartitionSource) {
    this.#connection = connection;
    this.computerId = source.computerId;
    this.partitionId = source.partitionId;
    this.#attributes = new Map(source.attributes);
    const root = source.transactionDirectory;
    if (root !== undefined && isPlainPartitionId(source.partitionId)) {
      this.#transaction = new TransactionFile(root, source.partitionId, connection.logger);
      this.#transaction.create();
    }
  }

  /** The name of the partition on its computer, like `slappart0`. */
  getId(): string {
    return this.partitionId;
  }

  /** @throws SlapError `SLAP_NOT_READY` for a free partition. */
  async getInstanceGuid(options: CallOptions = {}): Promise<string> {
    return this.#text('_instance_guid', options);
  }

  /** What the master asks for: `started`, `stopped` or `destroyed`. @throws SlapError `SLAP_NOT_READY` when it says nothing. */
  async getState(options: CallOptions = {}): Promise<string> {
    return this.#text('_requested_state', options);
  }

  /** All parameters, those that the master adds included; empty when there are none. */
  async getInstanceParameterDict(options: CallOptions = {}): Promise<PlainRecord> {
    return plainRecord(await this.#field('_parameter_dict', options));
  }

  /** One parameter of those that are already known; nothing is fetched. @throws SlapError `SLAP_NOT_FOUND`. */
  getInstanceParameter(name: string): unknown {
    return valueOf(plainRecord(this.#attributes.get('_parameter_dict')), name, 'parameter');
  }

  /** What the instance published; empty when it published nothing. */
  async getConnectionParameterDict(options: CallOptions = {}): Promise<PlainRecord> {
    const known = await this.#field('_connection_dict', options);
    if (known !== null && known !== undefined) return plainRecord(known);
    const xml = this.#attributes.get('connection_xml');
    return connectionFromXml(typeof xml === 'string' ? xml : undefined);
  }

  /** One connection parameter. @throws SlapError `SLAP_NOT_FOUND`. */
  async getConnectionParameter(name: string, options: CallOptions = {}): Promise<unknown> {
    return valueOf(await this.getConnectionParameterDict(options), name, 'connection parameter');
  }

  /** @throws SlapError `SLAP_NOT_FOUND` for a free partition. */
  async getSoftwareRelease(options: CallOptions = {}): Promise<SoftwareRelease> {
    const document = await this.#field('_software_release_document', options);
    const url = document instanceof MarshalObject ? releaseUrl(document) : undefined;
    if (url === undefined) {
      throw new SlapError('SLAP_NOT_FOUND', `No software release information for partition ${this.partitionId}`);
    }
    return new SoftwareRelease(this.#connection, { softwareReleaseUrl: url, computerId: this.computerId });
  }

  /** The software type of the instance. @throws SlapError `SLAP_NOT_READY` when there is none. */
  async getType(options: CallOptions = {}): Promise<string> {
    const type = (await this.getInstanceParameterDict(options))['slap_software_type'];
    if (typeof type !== 'string') throw this.#notReady('software type');
    return type;
  }

  /** The last report of an access to the partition; null when a full answer did not hold it. Never asks the master. */
  getAccessStatus(): unknown {
    return toPlain(this.#attributes.get('_access_status') ?? null);
  }

  /** The same as {@link getAccessStatus}. */
  getStatus(): unknown {
    return this.getAccessStatus();
  }

  /** An attribute of the document that this partition was made from; undefined when it had none. Never asks the master. */
  getAttribute(name: string): unknown {
    const value = this.#attributes.get(name);
    return value === undefined ? undefined : toPlain(value);
  }

  /** Says that it runs. Wire: POST startedComputerPartition (spec: slap-client). */
  async started(options: CallOptions = {}): Promise<void> {
    await this.#post('startedComputerPartition', [], options);
  }

  /** Says that it is stopped. Wire: POST stoppedComputerPartition (spec: slap-client). */
  async stopped(options: CallOptions = {}): Promise<void> {
    await this.#post('stoppedComputerPartition', [], options);
  }

  /** Says that it is destroyed and empty. Wire: POST destroyedComputerPartition (spec: slap-client). */
  async destroyed(options: CallOptions = {}): Promise<void> {
    await this.#post('destroyedComputerPartition', [], options);
  }

  /** Asks for a new pass over all instances of the tree. Wire: POST softwareInstanceBang (spec: slap-client). */
  async bang(message: string, options: CallOptions = {}): Promise<void> {
    await this.#post('softwareInstanceBang', [['message', message]], options);
  }

  /** Changes the requester's name for the instance. Wire: POST softwareInstanceRename (spec: slap-client). */
  async rename(newName: string, options: CallOptions & { sharedReference?: string | undefined } = {}): Promise<void> {
    await this.#post(
      'softwareInstanceRename',
      [['new_name', newName], ...sharedField(options.sharedReference)],
      options,
    );
  }

  /**
   * Reports a failure of the instance; never rejects, a failure is logged. Wire: POST softwareInstanceError (spec: slap-client).
   */
  async error(text: string, options: CallOptions & { sharedReference?: string | undefined } = {}): Promise<void> {
    try {
      const fields: CallFields = [['error_log', text], ...sharedField(options.sharedReference)];
      await this.#post('softwareInstanceError', fields, options);
    } catch (error) {
      this.#connection.logger.error('The failure of an instance could not be reported to the master.', {
        partitionId: this.partitionId,
        error,
      });
    }
  }

  /**
   * Publishes connection parameters, of the instance or of the shared instance that is named.
   * Wire: POST setComputerPartitionConnectionXml (spec: slap-client).
   */
  async setConnectionDict(
    connectionParameters: Readonly<Record<string, MarshalInput>> | ReadonlyMap<string, MarshalInput>,
    sharedReference?: string,
    options: CallOptions = {},
  ): Promise<void> {
    const fields: CallFields = [
      ['connection_xml', marshal(connectionParameters)],
      ['slave_reference', sharedReference ?? null],
    ];
    await this.#post('setComputerPartitionConnectionXml', fields, options);
  }

  /** The partition's own certificate, both parts PEM. Wire: GET getComputerPartitionCertificate (spec: slap-client). */
  async getCertificate(options: CallOptions = {}): Promise<CertificateAndKey> {
    return readCertificate(await this.#get('getComputerPartitionCertificate', options));
  }

  /** Interface and address of every partition of the tree. Wire: GET getHostingSubscriptionIpList (spec: slap-client). */
  async getFullHostingIpAddressList(options: CallOptions = {}): Promise<[string, string][]> {
    return readAddressPairs(await this.#get('getHostingSubscriptionIpList', options));
  }

  /**
   * Tells the master which children are still wanted; today's master ignores it.
   * Wire: POST updateComputerPartitionRelatedInstanceList (spec: slap-client).
   */
  async setComputerPartitionRelatedInstanceList(
    references: readonly string[],
    options: CallOptions = {},
  ): Promise<void> {
    const fields: CallFields = [['instance_reference_xml', marshal(references)]];
    await this.#post('updateComputerPartitionRelatedInstanceList', fields, options);
  }

  /** Keeps a usage report on this object; nothing is sent. */
  setUsage(usage: string): void {
    this.#usage = usage;
  }

  /** What {@link setUsage} kept. */
  getUsage(): string | undefined {
    return this.#usage;
  }

  /**
   * Requests an instance on behalf of this one; the same name updates. Idempotent.
   * {@link NotReady} while the master is still making it. Wire: POST requestComputerPartition (spec: slap-client §7).
   */
  async request(request: InstanceRequest, options: CallOptions = {}): Promise<ComputerPartition | NotReady> {
    const fields = requestFields(request);
    this.#transaction?.append(request.partitionReference);
    return sendRequest(this.#connection, request, options, [
      ['computer_id', this.computerId],
      ['computer_partition_id', this.partitionId],
      ['software_release', request.softwareReleaseUrl],
      ['software_type', fields.softwareType],
      ['partition_reference', request.partitionReference],
      ['shared_xml', fields.shared],
      ['partition_parameter_xml', fields.parameters],
      ['filter_xml', fields.filter],
      ['state', fields.state],
    ]);
  }

  async #post(path: string, fields: CallFields, options: CallOptions): Promise<void> {
    await this.#connection.post(path, [...this.#identity(), ...fields], { signal: options.signal });
  }

  async #get(path: string, options: CallOptions): Promise<MarshalValue> {
    return this.#connection.read(path, await this.#connection.get(path, this.#identity(), { signal: options.signal }));
  }

  #identity(): CallFields {
    return [
      ['computer_id', this.computerId],
      ['computer_partition_id', this.partitionId],
    ];
  }

  async #text(name: (typeof FETCHED_FIELDS)[number], options: CallOptions): Promise<string> {
    const value = await this.#field(name, options);
    if (typeof value !== 'string') throw this.#notReady(name);
    return value;
  }

  #notReady(what: string): SlapError {
    const text = `Partition ${this.partitionId} of ${this.computerId} has no ${what.replaceAll('_', ' ').trim()} yet.`;
    return new SlapError('SLAP_NOT_READY', text, { retryable: true });
  }

  async #field(name: (typeof FETCHED_FIELDS)[number], options: CallOptions): Promise<MarshalInput | undefined> {
    if (!this.#attributes.has(name)) {
      this.#fetching ??= this.#fetch(options).finally(() => (this.#fetching = undefined));
      await this.#fetching;
    }
    return this.#attributes.get(name);
  }

  async #fetch(options: CallOptions): Promise<void> {
    const path = 'registerComputerPartition';
    const query: CallFields = [
      ['computer_reference', this.computerId],
      ['computer_partition_reference', this.partitionId],
    ];
    const document = this.#connection.read(path, await this.#connection.get(path, query, options));
    if (!(document instanceof MarshalObject) || document.className !== 'ComputerPartition') {
      throw new SlapError('SLAP_INVALID_DOCUMENT', `The master answered ${path} with something else than a partition.`);
    }
    // What the answer lacks is null from now on, and not asked for again.
    for (const field of FETCHED_FIELDS) this.#attributes.set(field, document.attributes.get(field) ?? null);
    const xml = document.attributes.get('connection_xml');
    if (xml !== undefined) this.#attributes.set('connection_xml', xml);
  }
}

/** Sends a request and makes a partition of its answer, `NotReady` of a 408. */
export async function sendRequest(
  connection: SlapConnection,
  request: InstanceRequest,
  options: CallOptions,
  fields: CallFields,
): Promise<ComputerPartition | NotReady> {
  const path = 'requestComputerPartition';
  let document: MarshalValue;
  try {
    const answer = await connection.post(path, fields, { signal: options.signal, isIdempotent: true });
    document = connection.read(path, answer);
  } catch (error) {
    if (error instanceof SlapError && error.code === 'SLAP_NOT_READY') return new NotReady(request);
    throw error;
  }
  if (!(document instanceof MarshalObject) || !['SoftwareInstance', 'ComputerPartition'].includes(document.className)) {
    throw new SlapError('SLAP_INVALID_DOCUMENT', `The master answered ${path} with something else than an instance.`);
  }
  const [initComputerId, initPartitionId] = document.initArguments;
  const computerId = document.attributes.get('slap_computer_id') ?? initComputerId;
  const partitionId = document.attributes.get('slap_computer_partition_id') ?? initPartitionId;
  if (typeof computerId !== 'string' || typeof partitionId !== 'string') {
    throw new SlapError('SLAP_INVALID_DOCUMENT', `The master answered ${path} without saying where the instance is.`);
  }
  return new ComputerPartition(connection, { computerId, partitionId, attributes: document.attributes });
}

function sharedField(sharedReference: string | undefined): CallFields {
  return sharedReference === undefined ? [] : [['slave_reference', sharedReference]];
}

function releaseUrl(document: MarshalObject): string | undefined {
  const url = document.attributes.get('_software_release') ?? document.initArguments[0];
  return typeof url === 'string' ? url : undefined;
}

function plainRecord(value: MarshalInput | undefined): PlainRecord {
  if (value === undefined || value === null) return plainRecord({});
  const plain = toPlain(value);
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    throw new SlapError('SLAP_INVALID_DOCUMENT', 'The master sent something else than a dictionary of parameters.');
  }
  return plain as PlainRecord;
}

function valueOf(record: PlainRecord, name: string, what: string): unknown {
  if (!(name in record)) throw new SlapError('SLAP_NOT_FOUND', `${what} ${JSON.stringify(name)} not found`);
  return record[name];
}
