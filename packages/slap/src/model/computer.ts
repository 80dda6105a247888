import { SlapError } from '../errors.js';
import type { CallFields, CallOptions, SlapConnection } from '../client/slap-connection.js';
import { isSlapError } from '../errors.js';
import { type MarshalInput, MarshalObject, type PlainRecord } from '../wire/values.js';
import type { HateoasNavigator } from '../client/hateoas.js';
import { type CertificateAndKey, readCertificate, readDictionary } from './answers.js';
import { ComputerPartition } from './computer-partition.js';
import { detached } from './detach.js';
import {
  type ComputerInformation,
  readComputerInformation,
  readPartitionInformation,
  readReleaseInformation,
} from './information.js';
import { SoftwareRelease } from './software-release.js';

// The whole of a computer with 10,000 partitions is some 600,000 elements; other documents stay far below the default.
const COMPUTER_LIMITS = { maxElements: 20_000_000, maxLength: 512 * 1024 * 1024 };

/**
 * The last full answer about a computer, kept so that the master can say "not changed". Not the document: of 10,000 partitions it would
 * be more than everything else that a node remembers.
 */
interface KnownComputer {
  readonly etag: string;
  readonly information: ComputerInformation;
}

interface FetchedComputer {
  readonly etag: string | undefined;
  readonly document: MarshalObject;
}

/** What the client remembers of computers between calls. */
export type KnownComputers = Map<string, KnownComputer>;

/** A machine of the cloud (spec: slap-client §4). */
export class Computer {
  readonly computerId: string;
  readonly #connection: SlapConnection;
  readonly #known: KnownComputers;
  readonly #hateoas: (options: CallOptions) => Promise<HateoasNavigator>;
  #document: Promise<MarshalObject> | undefined;

  /** @internal Made by the client; nothing is sent. */
  constructor(
    connection: SlapConnection,
    options: {
      computerId: string;
      known: KnownComputers;
      hateoas: (options: CallOptions) => Promise<HateoasNavigator>;
    },
  ) {
    this.#connection = connection;
    this.computerId = options.computerId;
    this.#known = options.known;
    this.#hateoas = options.hateoas;
  }

  /**
   * All that the master asks of the computer, fetched anew each time; when the master says that nothing changed
   * (ETag), the object of the last time. Wire: GET getFullComputerInformation (spec: slap-client §4).
   */
  async fetchInformation(options: CallOptions = {}): Promise<ComputerInformation> {
    const known = this.#known.get(this.computerId);
    const answer = await this.#fetch(options, known?.etag);
    if (answer === 'not changed') {
      if (known !== undefined) return known.information;
      throw new SlapError('SLAP_INVALID_DOCUMENT', 'The master says that nothing changed, and was not asked that.');
    }
    const read = readComputerInformation(answer.document);
    const information = answer.etag === undefined ? read : detached(read);
    this.#known.clear(); // One is enough: a node asks about one computer.
    if (answer.etag !== undefined) this.#known.set(this.computerId, { etag: answer.etag, information });
    return information;
  }

  /** The Software Releases of the computer; fetched once for this object. */
  async getSoftwareReleaseList(options: CallOptions = {}): Promise<SoftwareRelease[]> {
    return listOf(await this.#lazyDocument(options), '_software_release_list').map((object) => {
      const { url, computerId, requestedState } = readReleaseInformation(object, this.computerId);
      return new SoftwareRelease(this.#connection, { softwareReleaseUrl: url, computerId, requestedState });
    });
  }

  /** The partitions of the computer in the master's order, free ones included; fetched once for this object. */
  async getComputerPartitionList(options: CallOptions = {}): Promise<ComputerPartition[]> {
    return listOf(await this.#lazyDocument(options), '_computer_partition_list').map((object) => {
      const { computerId, partitionId } = readPartitionInformation(object);
      return new ComputerPartition(this.#connection, { computerId, partitionId, attributes: object.attributes });
    });
  }

  /** Sends a usage report; an empty one is not sent. Wire: POST useComputer (spec: slap-client). */
  async reportUsage(usageXml: string, options: CallOptions = {}): Promise<void> {
    if (usageXml !== '') await this.#post('useComputer', [['use_string', usageXml]], options);
  }

  /**
   * Tells the master what the machine is made of, as a marshalled document; gives the text of the answer.
   * Wire: POST loadComputerConfigurationFromXML (spec: slap-client).
   */
  async updateConfiguration(xml: string, options: CallOptions = {}): Promise<string> {
    return (await this.#connection.post('loadComputerConfigurationFromXML', [['xml', xml]], options)).text();
  }

  /** Asks for a new pass over all instances of the computer. Wire: POST computerBang (spec: slap-client). */
  async bang(message: string, options: CallOptions = {}): Promise<void> {
    await this.#post('computerBang', [['message', message]], options);
  }

  /** What the master last heard of the computer: text, user, created_at, … Wire: GET getComputerStatus (spec: slap-client). */
  async getStatus(options: CallOptions = {}): Promise<PlainRecord> {
    const path = 'getComputerStatus';
    return readDictionary(this.#connection.read(path, await this.#connection.get(path, this.#query(), options)));
  }

  /** @throws SlapError `SLAP_NOT_FOUND` when no certificate is valid. Wire: POST revokeComputerCertificate (spec: slap-client). */
  async revokeCertificate(options: CallOptions = {}): Promise<void> {
    await this.#post('revokeComputerCertificate', [], options);
  }

  /** @throws SlapError `SLAP_NOT_FOUND` while another one is valid. Wire: POST generateComputerCertificate (spec: slap-client). */
  async generateCertificate(options: CallOptions = {}): Promise<CertificateAndKey> {
    const path = 'generateComputerCertificate';
    return readCertificate(this.#connection.read(path, await this.#connection.post(path, this.#query(), options)));
  }

  /** The fields of the computer's own document. Needs hateoas. @throws SlapError `SLAP_NOT_FOUND`, `SLAP_HATEOAS_UNAVAILABLE`. */
  async getInformation(options: CallOptions = {}): Promise<PlainRecord> {
    return (await this.#hateoas(options)).getComputerInformation(this.computerId, options);
  }

  #query(): CallFields {
    return [['computer_id', this.computerId]];
  }

  async #post(path: string, fields: CallFields, options: CallOptions): Promise<void> {
    await this.#connection.post(path, [...this.#query(), ...fields], options);
  }

  async #lazyDocument(options: CallOptions): Promise<MarshalObject> {
    this.#document ??= this.#fetchDocument(options);
    try {
      return await this.#document;
    } catch (error) {
      this.#document = undefined; // A failure is not kept: the next call asks again.
      throw error;
    }
  }

  async #fetchDocument(options: CallOptions): Promise<MarshalObject> {
    const answer = await this.#fetch(options, undefined);
    if (answer === 'not changed')
      throw new SlapError('SLAP_INVALID_DOCUMENT', 'The master says that nothing changed, and was not asked that.');
    readComputerInformation(answer.document); // Checks it.
    return answer.document;
  }

  async #fetch(options: CallOptions, etag: string | undefined): Promise<FetchedComputer | 'not changed'> {
    if (this.computerId === '') {
      throw new SlapError('SLAP_NOT_FOUND', 'A computer without an id is asked for.', { hint: 'Set computer_id.' });
    }
    try {
      return await this.#fetchFrom('getFullComputerInformation', options, etag);
    } catch (error) {
      // Masters of long ago know only the other name.
      if (!isSlapError(error, 'SLAP_NOT_FOUND')) throw error;
      return await this.#fetchFrom('getComputerInformation', options, etag);
    }
  }

  async #fetchFrom(
    path: string,
    options: CallOptions,
    etag: string | undefined,
  ): Promise<FetchedComputer | 'not changed'> {
    const headers: Record<string, string> = etag === undefined ? {} : { 'if-none-match': etag };
    const answer = await this.#connection.get(path, this.#query(), { ...options, headers });
    if (answer.status === 304) return 'not changed';
    const document = this.#connection.read(path, answer, COMPUTER_LIMITS);
    return { etag: answer.headers.get('etag') ?? undefined, document: document as MarshalObject };
  }
}

function listOf(document: MarshalObject, name: string): MarshalObject[] {
  const list: MarshalInput | undefined = document.attributes.get(name);
  // The types of the members were checked when the document was read.
  return Array.isArray(list) ? list.filter((item): item is MarshalObject => item instanceof MarshalObject) : [];
}
