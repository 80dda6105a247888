import { createHash, createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { arch } from 'node:os';

import { type Host, type Logger, UntrustedDirectory, type UserIdentity } from '@slapos/host';

import { GridError } from '../errors.js';
import { createArchiveFile, openOwnedFile } from './archive-file.js';
import { checkArchive, DEFAULT_ARCHIVE_LIMITS, type ArchiveLimits } from './archive.js';
import type { BinaryCache, BinaryCacheRequest } from './binary-cache.js';
import { type CacheEntry, isTrusted, readCertificates, readTrustedEntries, signDescription } from './entry.js';
import { download, isSuccess, requestText, type TlsCredentials } from './http.js';
import { detectPlatform, isSamePlatform, type Platform } from './platform.js';

const INCOMING_PREFIX = '.incoming-';
const OUTGOING_PREFIX = '.outgoing-';
const RELEASE_MODE = 0o755;
const EXTRACT_UMASK = 0o022;
const ARCHIVE_UMASK = 0o077;
const UPLOAD_TRIES = 3;
const DEFAULT_RETRY_DELAY_MS = 5000;
const NOT_FOUND = 404;
/** What must not be in a release that comes from the cache, or goes there: the mark of this node, and credentials. */
const PRIVATE_FILES = ['.completed', '.netrc'] as const;

/** Where a cache is, and whom it trusts. All but the two URLs of one direction may be absent. (spec: grid 2.3, 6) */
export interface NetworkBinaryCacheOptions {
  /** For the archive while it is here. */
  readonly instanceRoot: string;
  readonly downloadCacheUrl?: string;
  readonly downloadDirectoryUrl?: string;
  readonly uploadCacheUrl?: string;
  readonly uploadDirectoryUrl?: string;
  /** Concatenated PEM certificates; without any nothing is downloaded. */
  readonly signatureCertificates?: string;
  /** PEM text; without it what is uploaded is not signed. */
  readonly signaturePrivateKey?: string;
  readonly cacheTls?: TlsCredentials;
  readonly directoryTls?: TlsCredentials;
  readonly archiveLimits?: ArchiveLimits;
  /** Between two tries of an upload. Default 5000. */
  readonly retryDelayMs?: number;
  /** What this machine is; absent: found out. */
  readonly platform?: Platform;
}

function join(base: string, name: string): URL {
  return new URL(`${base.replace(/\/+$/, '')}/${name}`);
}

/**
 * The cache behind two HTTP services. (spec: grid 6)
 * @throws GridError `GRID_INVALID_OPTIONS` when the signing key is none, or belongs to none of the certificates although both are given.
 */
export function createNetworkBinaryCache(
  options: NetworkBinaryCacheOptions,
  ports: { readonly host: Pick<Host, 'commands' | 'clock' | 'disks'>; readonly logger: Logger },
): BinaryCache {
  return new NetworkBinaryCache(options, ports);
}

class NetworkBinaryCache implements BinaryCache {
  readonly #options: NetworkBinaryCacheOptions;
  readonly #host: Pick<Host, 'commands' | 'clock' | 'disks'>;
  readonly #logger: Logger;
  readonly #keys: readonly KeyObject[];
  readonly #signingKey: KeyObject | undefined;
  #platform: Promise<Platform> | undefined;

  constructor(
    options: NetworkBinaryCacheOptions,
    ports: { readonly host: Pick<Host, 'commands' | 'clock' | 'disks'>; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#host = ports.host;
    this.#logger = ports.logger;
    this.#keys = readCertificates(options.signatureCertificates ?? '', ports.host.clock.now(), ports.logger);
    this.#signingKey = readSigningKey(options, this.#keys);
  }

  async download(request: BinaryCacheRequest, signal?: AbortSignal): Promise<boolean> {
    const { softwareReleaseUrl } = request;
    try {
      return await this.#download(request, signal);
    } catch (error) {
      signal?.throwIfAborted();
      this.#logger.warn('The binary cache does not have the Software Release', { softwareReleaseUrl, error });
      return false;
    }
  }

  async #download(request: BinaryCacheRequest, signal: AbortSignal | undefined): Promise<boolean> {
    const { downloadCacheUrl, downloadDirectoryUrl, directoryTls = {} } = this.#options;
    const { softwareReleaseUrl, directoryName } = request;
    if (downloadCacheUrl === undefined || downloadDirectoryUrl === undefined) return false;
    if (this.#keys.length === 0) {
      this.#logger.warn('The binary cache is not used: signature-certificate-list has no certificate', {
        softwareReleaseUrl,
      });
      return false;
    }
    const answer = await requestText(join(downloadDirectoryUrl, directoryName), { tls: directoryTls, signal });
    if (answer.status === NOT_FOUND) {
      this.#logger.info('The binary cache does not know the Software Release', { softwareReleaseUrl });
      return false;
    }
    if (!isSuccess(answer.status))
      throw new GridError('GRID_CACHE_FAILED', `${downloadDirectoryUrl}: status ${answer.status}`);
    const here = await this.#here();
    const fitting = readTrustedEntries(JSON.parse(answer.text), this.#keys).filter(
      (entry) => isSamePlatform(entry, here) && isForNode(entry, request),
    );
    if (fitting.length === 0) {
      this.#logger.info('The binary cache has nothing that is trusted and for this machine', { softwareReleaseUrl });
      return false;
    }
    await using file = await createArchiveFile(this.#options.instanceRoot, request.user?.gid);
    const entry = await this.#fetchFirst(fitting, file, signal);
    this.#logger.info('Unpacking the Software Release from the binary cache', {
      softwareReleaseUrl,
      sha512: entry.sha512,
    });
    const limits = this.#options.archiveLimits ?? DEFAULT_ARCHIVE_LIMITS;
    const free = Number(await this.#host.disks.freeSpace(request.softwareRoot));
    await checkArchive(
      file.path,
      directoryName,
      { ...limits, unpackedBytes: Math.min(limits.unpackedBytes, free) },
      signal,
    );
    await this.#unpack(file.path, request, signal);
    return true;
  }

  /** The first entry whose download starts is taken; its hash must be right. (spec: grid 6.3) */
  async #fetchFirst(
    entries: readonly CacheEntry[],
    file: { append(chunk: Uint8Array): void },
    signal: AbortSignal | undefined,
  ): Promise<CacheEntry> {
    const { downloadCacheUrl = '', cacheTls = {}, archiveLimits = DEFAULT_ARCHIVE_LIMITS } = this.#options;
    let lastError: unknown;
    for (const entry of entries) {
      const state = { hasBegun: false };
      try {
        const options = { tls: cacheTls, signal, maxBytes: archiveLimits.unpackedBytes };
        const sha512 = await download(join(downloadCacheUrl, entry.sha512), options, async (chunk) => {
          state.hasBegun = true;
          file.append(chunk);
        });
        if (sha512 === entry.sha512) return entry;
        throw new GridError('GRID_CACHE_FAILED', `The archive has the SHA-512 ${sha512} instead of ${entry.sha512}`);
      } catch (error) {
        if (state.hasBegun) throw error;
        lastError = error;
      }
    }
    throw lastError;
  }

  async #unpack(archive: string, request: BinaryCacheRequest, signal: AbortSignal | undefined): Promise<void> {
    const { softwareRoot, directoryName, user } = request;
    await using root = await UntrustedDirectory.open(softwareRoot);
    for (const name of await root.list()) {
      if (name.startsWith(INCOMING_PREFIX)) await root.removeTree(name);
    }
    const incoming = `${INCOMING_PREFIX}${randomUUID()}`;
    const owner = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    try {
      await using folder = await root.openSubdirectory(incoming, { create: true, mode: RELEASE_MODE, ...owner });
      const args = ['--extract', '--gzip', '--file', archive, '--directory', folder.path, '--strip-components=1'];
      await this.#tar(
        [...args, '--no-same-owner', '--no-same-permissions', '--keep-old-files'],
        EXTRACT_UMASK,
        user,
        signal,
      );
      for (const name of PRIVATE_FILES) await folder.remove(name);
      await root.rename(incoming, directoryName);
    } catch (error) {
      await root.removeTree(incoming);
      throw error;
    }
  }

  async #tar(
    args: readonly string[],
    umask: number,
    user: UserIdentity | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const result = await this.#host.commands.run(
      { file: 'tar', args, umask, dieWithUs: true, ...(user === undefined ? {} : { user }) },
      signal === undefined ? {} : { signal },
    );
    if (result.exitCode !== 0) throw new GridError('GRID_CACHE_FAILED', `tar failed: ${result.output.trim()}`);
  }

  async upload(request: BinaryCacheRequest, signal?: AbortSignal): Promise<boolean> {
    const { softwareReleaseUrl } = request;
    const { uploadCacheUrl, uploadDirectoryUrl, retryDelayMs = DEFAULT_RETRY_DELAY_MS } = this.#options;
    if (uploadCacheUrl === undefined || uploadDirectoryUrl === undefined) return false;
    for (let attempt = 0; attempt < UPLOAD_TRIES; attempt += 1) {
      try {
        if (attempt > 0) await this.#host.clock.sleep(retryDelayMs, signal);
        await this.#upload(request, { uploadCacheUrl, uploadDirectoryUrl }, signal);
        this.#logger.info('Uploaded the Software Release to the binary cache', { softwareReleaseUrl });
        return true;
      } catch (error) {
        signal?.throwIfAborted();
        this.#logger.warn('Failed to upload the Software Release to the binary cache', {
          softwareReleaseUrl,
          attempt,
          error,
        });
      }
    }
    return false;
  }

  async #upload(
    request: BinaryCacheRequest,
    urls: { readonly uploadCacheUrl: string; readonly uploadDirectoryUrl: string },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { softwareRoot, directoryName, softwareReleaseUrl, user } = request;
    const { cacheTls = {}, directoryTls = {} } = this.#options;
    await using root = await UntrustedDirectory.open(softwareRoot);
    const outgoing = `${OUTGOING_PREFIX}${randomUUID()}.tar.gz`;
    const archive = `${root.path}/${outgoing}`;
    try {
      const excluded = PRIVATE_FILES.map((name) => `--exclude=${directoryName}/${name}`);
      const args = [
        '--create',
        '--gzip',
        '--file',
        archive,
        '--directory',
        root.path,
        '--anchored',
        ...excluded,
        directoryName,
      ];
      await this.#tar(args, ARCHIVE_UMASK, user, signal);
      const uid = (await root.statSelf()).uid;
      const { sha512, size } = await digestFile(archive, uid);
      const present = await requestText(join(urls.uploadCacheUrl, sha512), {
        tls: cacheTls,
        signal,
        headers: { Range: 'bytes=0-0' },
      });
      if (!isSuccess(present.status)) {
        const sent = await requestText(new URL(urls.uploadCacheUrl), {
          method: 'POST',
          tls: cacheTls,
          headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(size) },
          body: openOwnedFile(archive, uid),
          signal,
        });
        if (!isSuccess(sent.status) || sent.text !== sha512) {
          throw new GridError('GRID_CACHE_FAILED', `POST ${urls.uploadCacheUrl}: status ${sent.status}`, {
            retryable: true,
          });
        }
      }
      const here = await this.#here();
      const description = pythonJson([
        ['sha512', sha512],
        ['software_url', softwareReleaseUrl],
        ['software_root', softwareRoot],
        ['multiarch', here.multiarch],
        ['os', here.os],
      ]);
      const signatures = this.#signingKey === undefined ? [''] : signDescription(description, this.#signingKey);
      for (const signature of signatures) {
        const put = await requestText(join(urls.uploadDirectoryUrl, directoryName), {
          method: 'PUT',
          tls: directoryTls,
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify([description, signature]),
          signal,
        });
        if (!isSuccess(put.status)) {
          throw new GridError('GRID_CACHE_FAILED', `PUT ${urls.uploadDirectoryUrl}: status ${put.status}`, {
            retryable: true,
          });
        }
      }
    } finally {
      await root.remove(outgoing);
    }
  }

  #here(): Promise<Platform> {
    const { platform } = this.#options;
    this.#platform ??= platform === undefined ? detectPlatform(this.#host, arch()) : Promise.resolve(platform);
    return this.#platform;
  }
}

/** Binaries hold absolute paths, and an entry may have been signed for another release. */
function isForNode(entry: CacheEntry, request: BinaryCacheRequest): boolean {
  const sameRoot = entry.softwareRoot === undefined || entry.softwareRoot === request.softwareRoot;
  return sameRoot && (entry.softwareUrl === undefined || entry.softwareUrl === request.softwareReleaseUrl);
}

function readSigningKey(options: NetworkBinaryCacheOptions, keys: readonly KeyObject[]): KeyObject | undefined {
  if (options.signaturePrivateKey === undefined) return undefined;
  let key: KeyObject;
  try {
    key = createPrivateKey(options.signaturePrivateKey);
  } catch (error) {
    throw new GridError('GRID_INVALID_OPTIONS', 'signature-private-key-file is not a private key in PEM format', {
      cause: error,
    });
  }
  const probe = 'probe';
  const isOurs = signDescription(probe, key).some((signature) => isTrusted(probe, signature, keys));
  if (options.downloadCacheUrl !== undefined && keys.length > 0 && !isOurs) {
    throw new GridError(
      'GRID_INVALID_OPTIONS',
      'The signing key belongs to none of the certificates in signature-certificate-list',
      {
        hint: 'Add the certificate of signature-private-key-file, or this node does not trust what it uploads.',
      },
    );
  }
  return key;
}

async function digestFile(path: string, uid: number): Promise<{ sha512: string; size: number }> {
  const digest = createHash('sha512');
  let size = 0;
  for await (const chunk of openOwnedFile(path, uid) as AsyncIterable<Buffer>) {
    digest.update(chunk);
    size += chunk.length;
  }
  return { sha512: digest.digest('hex'), size };
}

/** JSON with the blanks that Python writes, which is what nodes sign and compare. */
function pythonJson(fields: readonly (readonly [string, string | readonly string[]])[]): string {
  const value = (item: string | readonly string[]): string =>
    typeof item === 'string' ? JSON.stringify(item) : `[${item.map((text) => JSON.stringify(text)).join(', ')}]`;
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}: ${value(item)}`).join(', ')}}`;
}
