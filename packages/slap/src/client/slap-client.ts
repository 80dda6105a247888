import { isSlapError, SlapError, type SlapErrorCode } from '../errors.js';
import { type Logger, silentLogger } from '../logger.js';
import { Computer, type KnownComputers } from '../model/computer.js';
import { ComputerPartition } from '../model/computer-partition.js';
import { OpenOrder } from '../model/open-order.js';
import { SoftwareProductCollection } from '../model/software-product.js';
import { SoftwareRelease } from '../model/software-release.js';
import { Supply } from '../model/supply.js';
import type { PlainRecord } from '../wire/values.js';
import { HateoasNavigator } from './hateoas.js';
import { HttpTransport, type MasterRequestListener } from './http-transport.js';
import { JsonRpcClient } from './json-rpc.js';
import { addIpv6Brackets, nonEmpty, parseMasterUrl } from './master-url.js';
import { type CallOptions, SlapConnection } from './slap-connection.js';

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_TOTAL_TIMEOUT_MS = 600_000;
const DEFAULT_RETRIES = 2;
const DEFAULT_MAX_ANSWER_BYTES = 512 * 1024 * 1024;
const WITHOUT_JSON_RPC: ReadonlySet<SlapErrorCode> = new Set([
  'SLAP_NOT_FOUND',
  'SLAP_HTTP_ERROR',
  'SLAP_INVALID_DOCUMENT',
]);
/** What goes wrong before a master can say what it offers. */
const UNANSWERED: ReadonlySet<SlapErrorCode> = new Set([
  'SLAP_AUTHENTICATION',
  'SLAP_CONNECTION_FAILED',
  'SLAP_INVALID_ARGUMENT',
  'SLAP_TLS_FAILED',
]);
const DEFAULT_USER_AGENT = 'slapos.node/0.1.0';

/** How to reach a master. */
export interface SlapClientOptions {
  /** http or https; a bare IPv6 host gets its brackets, a user and password become basic authentication. */
  readonly masterUrl: string;
  /** PEM file of the client certificate and of its key; both or none; used for https only. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** PEM file of further authorities that may have signed the master's certificate, beside the well-known ones. */
  readonly masterCaFile?: string | undefined;
  /** Does not verify the master's certificate, and says so in the log. Default false. */
  readonly insecure?: boolean | undefined;
  /** For connecting, for the answer to begin, and between two parts of it, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** For a call in all, its retries included, in milliseconds. Default 600,000. */
  readonly totalTimeoutMs?: number | undefined;
  /** How often a call that may be repeated is sent again after a failed connection or a status of 502 to 504. Default 2. */
  readonly retries?: number | undefined;
  /** The hateoas URL, for masters that do not tell it (`master_rest_url`). */
  readonly masterRestUrl?: string | undefined;
  /** The instance root, while a partition is instantiated: the names of its requests are noted there (spec: slap-client §6). */
  readonly transactionDirectory?: string | undefined;
  /** An http proxy; `proxyFromVariables` finds that of the environment. */
  readonly proxyUrl?: string | undefined;
  /** An answer that is longer, also after decompression, is an error. Default 512 MiB. */
  readonly maxAnswerBytes?: number | undefined;
  /** Default `slapos.node/VERSION`. */
  readonly userAgent?: string | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * A client of one master with one identity: the entry to everything (spec: slap-client). Keeps connections open;
 * dispose of it (`await using`) when it is no longer needed.
 */
export class SlapClient implements AsyncDisposable {
  /** The master's URL as it is used, with a final `/`. */
  readonly masterUrl: string;
  readonly #connection: SlapConnection;
  readonly #transactionDirectory: string | undefined;
  readonly #masterRestUrl: string | undefined;
  readonly #knownComputers: KnownComputers = new Map();
  #navigator: HateoasNavigator | undefined;
  #jsonRpc: JsonRpcClient | undefined;

  /** @throws SlapError `SLAP_INVALID_ARGUMENT` for a URL that is none, or a certificate without its key. */
  constructor(options: SlapClientOptions) {
    const { baseUrl, authorization } = parseMasterUrl(options.masterUrl);
    const certFile = nonEmpty(options.certFile);
    const keyFile = nonEmpty(options.keyFile);
    if ((certFile === undefined) !== (keyFile === undefined)) {
      throw new SlapError('SLAP_INVALID_ARGUMENT', 'A client certificate needs both its certificate and its key.', {
        hint: 'Give both cert_file and key_file, or none of them.',
      });
    }
    const logger = options.logger ?? silentLogger;
    const isTls = baseUrl.protocol === 'https:';
    const transport = new HttpTransport({
      certFile: isTls ? certFile : undefined,
      keyFile: isTls ? keyFile : undefined,
      masterCaFile: isTls ? nonEmpty(options.masterCaFile) : undefined,
      insecure: isTls && options.insecure === true,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      totalTimeoutMs: options.totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS,
      retries: options.retries ?? DEFAULT_RETRIES,
      proxyUrl: options.proxyUrl,
      maxAnswerBytes: options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES,
      userAgent: options.userAgent ?? DEFAULT_USER_AGENT,
      authorization: authorization === undefined ? undefined : { origin: baseUrl.origin, value: authorization },
      logger,
    });
    this.masterUrl = baseUrl.href;
    this.#connection = new SlapConnection({ baseUrl, transport, logger });
    this.#transactionDirectory = nonEmpty(options.transactionDirectory);
    this.#masterRestUrl = options.masterRestUrl ? addIpv6Brackets(options.masterRestUrl) : undefined;
  }

  /** Tells of each call to the master when it has ended, from now on. @returns ends it */
  onRequest(listener: MasterRequestListener): () => void {
    return this.#connection.transport.onRequest(listener);
  }

  /** A computer by its id (`COMP-1234`); nothing is sent. */
  registerComputer(computerId: string): Computer {
    return new Computer(this.#connection, {
      computerId,
      known: this.#knownComputers,
      hateoas: (options) => this.#requireHateoas(options),
    });
  }

  /** A partition of a computer; nothing is sent. @throws SlapError `SLAP_NOT_FOUND` when one of the two is empty. */
  registerComputerPartition(computerId: string, partitionId: string): ComputerPartition {
    if (computerId === '' || partitionId === '') {
      throw new SlapError('SLAP_NOT_FOUND', 'A partition needs the id of its computer and its own.');
    }
    const transactionDirectory = this.#transactionDirectory;
    return new ComputerPartition(this.#connection, { computerId, partitionId, transactionDirectory });
  }

  /** A Software Release by its URL, on a computer if one is named; nothing is sent. */
  registerSoftwareRelease(softwareReleaseUrl: string, computerId?: string): SoftwareRelease {
    return new SoftwareRelease(this.#connection, { softwareReleaseUrl, computerId });
  }

  /** What requests instances for the user; nothing is sent. */
  registerOpenOrder(): OpenOrder {
    return new OpenOrder(this.#connection, {
      hateoas: (options) => this.#requireHateoas(options),
      registerComputer: (computerId) => this.registerComputer(computerId),
    });
  }

  /** What supplies computers with Software Releases; nothing is sent. */
  registerSupply(): Supply {
    return new Supply(this.#connection);
  }

  /** The software products of the master; nothing is sent. */
  registerSoftwareProducts(): SoftwareProductCollection {
    return new SoftwareProductCollection(this.#connection);
  }

  /** A token with which a new computer may register. Needs hateoas. */
  async requestToken(options: CallOptions = {}): Promise<string> {
    return (await this.#requireHateoas(options)).getToken(options);
  }

  /** The instance trees of the user by title. Needs hateoas. */
  async getOpenOrderDict(options: CallOptions = {}): Promise<Record<string, PlainRecord>> {
    return (await this.#requireHateoas(options)).getInstanceTreeDict(undefined, options);
  }

  /** The computers of the user by title. Needs hateoas. */
  async getComputerDict(options: CallOptions = {}): Promise<Record<string, PlainRecord>> {
    return (await this.#requireHateoas(options)).getComputerDict(options);
  }

  /**
   * The master's hateoas interface; undefined when it has none. The master is asked until it told the URL once.
   * @throws SlapError `SLAP_CONNECTION_FAILED`, `SLAP_TLS_FAILED`, `SLAP_AUTHENTICATION`: then nobody knows whether it has one.
   * Wire: GET getHateoasUrl (spec: slap-client §1).
   */
  async hateoas(options: CallOptions = {}): Promise<HateoasNavigator | undefined> {
    if (this.#navigator === undefined) {
      const url = this.#masterRestUrl ?? (await this.#askForHateoasUrl(options));
      if (url !== undefined) this.#navigator = new HateoasNavigator(this.#connection.transport, url);
    }
    return this.#navigator;
  }

  /**
   * The master's JSON-RPC interface; undefined when it has none. The master is asked until it answered once.
   * Wire: POST slapos.get.v0.hateoas_url (spec: proxy §8).
   */
  async jsonRpc(options: CallOptions = {}): Promise<JsonRpcClient | undefined> {
    if (this.#jsonRpc === undefined) {
      const client = new JsonRpcClient(this.#connection.transport, this.#connection.baseUrl);
      try {
        await client.call('get.v0.hateoas_url', {}, options);
      } catch (error) {
        // A master without JSON-RPC does not know the path, or takes it for one of its pages.
        if (!isSlapError(error) || !WITHOUT_JSON_RPC.has(error.code)) throw error;
        this.#connection.logger.debug('The master offers no JSON-RPC interface.', { error });
        return undefined;
      }
      this.#jsonRpc = client;
    }
    return this.#jsonRpc;
  }

  async #askForHateoasUrl(options: CallOptions): Promise<string | undefined> {
    try {
      const url = (await this.#connection.get('getHateoasUrl', [], options)).text().trim();
      return URL.canParse(url) && /^https?:/.test(url) ? url : undefined;
    } catch (error) {
      if (!isSlapError(error) || UNANSWERED.has(error.code)) throw error;
      this.#connection.logger.debug('The master offers no hateoas interface.', { error });
      return undefined;
    }
  }

  async #requireHateoas(options: CallOptions = {}): Promise<HateoasNavigator> {
    const navigator = await this.hateoas(options);
    if (navigator !== undefined) return navigator;
    throw new SlapError(
      'SLAP_HATEOAS_UNAVAILABLE',
      'SlapOS Master Hateoas API required for this operation is not available.',
      {
        hint: 'Set master_rest_url, for the mini-master http://HOST:PORT/hateoas.',
      },
    );
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.transport[Symbol.asyncDispose]();
  }
}
