import { USER_COMPUTER } from '../access/principal.js';
import type { TimestampSource } from '../allocation/timestamps.js';
import { ProxyError } from '../errors.js';
import type { ProxyStore, StoreReader } from '../store/proxy-store.js';
import type { CertificateRecord, PartitionKey } from '../store/records.js';
import { type IssuedCertificate, issueCertificate, makeAuthority } from './x509.js';

const AUTHORITY_CERTIFICATE = 'authority_certificate';
const AUTHORITY_KEY = 'authority_key';

/** The upper bound of X.520, on which other programs rely. */
const MAX_COMMON_NAME_CHARACTERS = 64;

/** A certificate and its private key, both PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * The proxy's own small certificate authority: X.509 certificates for computers and for the instances in partitions.
 * Its own certificate, and all that it issued, are in the database, which only its owner can read.
 */
export class Authority {
  readonly #store: ProxyStore;
  readonly #timestamps: TimestampSource;
  #own: Promise<CertificatePair> | undefined;

  constructor(store: ProxyStore, timestamps: TimestampSource) {
    this.#store = store;
    this.#timestamps = timestamps;
  }

  /** The certificate that all others are signed with, PEM. Made at its first use. */
  async certificate(): Promise<string> {
    return (await this.#authority()).certificate;
  }

  /**
   * Makes a certificate for a computer.
   * @throws ProxyError `PROXY_NOT_FOUND` when the computer is unknown, or has a valid one: revoke that first.
   */
  async issueForComputer(computerId: string): Promise<CertificatePair> {
    const key = { computerId, partitionId: '' };
    return this.#issue(key, computerId, async (reader) => {
      if ((await reader.computer(computerId)) === undefined)
        throw notFound(`Computer ${JSON.stringify(computerId)} is not known here`);
      if ((await reader.certificate(key)) !== undefined) {
        throw notFound(`Computer ${JSON.stringify(computerId)} has a valid certificate already`, 'Revoke it first.');
      }
      return undefined;
    });
  }

  /** Revokes the certificate of a computer. @throws ProxyError `PROXY_NOT_FOUND` when it has no valid one. */
  async revokeForComputer(computerId: string): Promise<void> {
    await this.#store.write(async (writer) => {
      const certificate = await writer.certificate({ computerId, partitionId: '' });
      if (certificate === undefined) throw notFound(`Computer ${JSON.stringify(computerId)} has no valid certificate`);
      await writer.revokeCertificate(certificate.serial, this.#timestamps.now());
    });
  }

  /**
   * The certificate of the instance in a partition, made at the first question.
   * @throws ProxyError `PROXY_NOT_FOUND` when there is no such partition, or no instance in it.
   */
  async forPartition(key: PartitionKey): Promise<CertificatePair> {
    const requireInstance = async (reader: StoreReader) => {
      if ((await reader.partition(key))?.slapState !== 'busy') {
        throw notFound(
          `There is no instance in partition ${JSON.stringify(key.partitionId)} of ${JSON.stringify(key.computerId)}`,
        );
      }
      return reader.certificate(key);
    };
    const known = await this.#store.read(requireInstance);
    if (known !== undefined) return pairOf(known);
    return this.#issue(key, `${key.computerId}-${key.partitionId}`, requireInstance);
  }

  /**
   * The certificate of a user, made at the first question: with it, everything may be done.
   * @throws ProxyError `PROXY_INVALID_REQUEST` for a name that no certificate can hold.
   */
  async forUser(name: string): Promise<CertificatePair> {
    const key = { computerId: USER_COMPUTER, partitionId: name };
    const known = async (reader: StoreReader) => reader.certificate(key);
    const certificate = await this.#store.read(known);
    return certificate === undefined ? this.#issue(key, `user ${name}`, known) : pairOf(certificate);
  }

  /** A new certificate for a server with these names and addresses. It is kept nowhere. */
  async forServer(names: readonly string[]): Promise<CertificatePair> {
    const { certificate, key } = await issueCertificate(
      await this.#authority(),
      'SlapOS proxy',
      this.#timestamps.now(),
      names,
    );
    return { certificate, key };
  }

  async #issue(
    key: PartitionKey,
    commonName: string,
    check: (reader: StoreReader) => Promise<CertificateRecord | undefined>,
  ): Promise<CertificatePair> {
    await this.#store.read(check);
    if (commonName.length > MAX_COMMON_NAME_CHARACTERS) {
      throw new ProxyError(
        'PROXY_INVALID_REQUEST',
        `The name ${JSON.stringify(commonName.slice(0, MAX_COMMON_NAME_CHARACTERS))}… is too long for a certificate`,
        { hint: `X.509 allows ${MAX_COMMON_NAME_CHARACTERS} characters: format the computer under a shorter name.` },
      );
    }
    // Making keys takes long, so it is done before the transaction, which checks again.
    const issued: IssuedCertificate = await issueCertificate(
      await this.#authority(),
      commonName,
      this.#timestamps.now(),
    );
    return this.#store.write(async (writer) => {
      const meanwhile = await check(writer);
      if (meanwhile !== undefined) return pairOf(meanwhile);
      await writer.addCertificate({
        ...key,
        serial: issued.serial,
        certificatePem: issued.certificate,
        keyPem: issued.key,
        issuedAt: this.#timestamps.now(),
        revokedAt: null,
      });
      return { certificate: issued.certificate, key: issued.key };
    });
  }

  #authority(): Promise<CertificatePair> {
    this.#own ??= this.#loadOrMake().catch((error: unknown) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }

  async #loadOrMake(): Promise<CertificatePair> {
    const stored = await this.#store.read(storedAuthority);
    if (stored !== undefined) return stored;
    const made = await makeAuthority(this.#timestamps.now());
    return this.#store.write(async (writer) => {
      const meanwhile = await storedAuthority(writer);
      if (meanwhile !== undefined) return meanwhile;
      await writer.setSetting(AUTHORITY_CERTIFICATE, made.certificate);
      await writer.setSetting(AUTHORITY_KEY, made.key);
      return made;
    });
  }
}

async function storedAuthority(reader: StoreReader): Promise<CertificatePair | undefined> {
  const certificate = await reader.setting(AUTHORITY_CERTIFICATE);
  const key = await reader.setting(AUTHORITY_KEY);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

function pairOf({ certificatePem, keyPem }: CertificateRecord): CertificatePair {
  return { certificate: certificatePem, key: keyPem };
}

function notFound(message: string, hint?: string): ProxyError {
  return new ProxyError('PROXY_NOT_FOUND', message, hint === undefined ? {} : { hint });
}
