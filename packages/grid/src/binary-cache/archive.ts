import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { extract, type Header } from 'tar-stream';

import { GridError } from '../errors.js';
import { openOwnedFile } from './archive-file.js';

/** How much an archive may hold. (spec: security S10) */
export interface ArchiveLimits {
  readonly unpackedBytes: number;
  readonly entries: number;
  /** Unpacked to packed, looked at after the first 100 MB. */
  readonly ratio: number;
}

const GIGABYTE = 1024 ** 3;
/** (spec: security S10) */
export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = { unpackedBytes: 60 * GIGABYTE, entries: 2_000_000, ratio: 200 };
const RATIO_FREE_BYTES = 100 * 1024 ** 2;
const MAX_NAME_BYTES = 4096;

function refuse(reason: string): GridError {
  return new GridError('GRID_ARCHIVE_REFUSED', `Unsafe archive of a Software Release: ${reason}`);
}

/** Checks the members of an archive one by one, as they come. */
export class ArchiveChecker {
  readonly #prefix: string;
  readonly #limits: ArchiveLimits;
  readonly #links = new Set<string>();
  readonly #files = new Set<string>();
  #entries = 0;
  #bytes = 0;

  constructor(directoryName: string, limits: ArchiveLimits) {
    this.#prefix = directoryName;
    this.#limits = limits;
  }

  /** Number of members so far. */
  get entries(): number {
    return this.#entries;
  }

  /** @throws GridError `GRID_ARCHIVE_REFUSED`. */
  check(header: Pick<Header, 'name' | 'type' | 'linkname' | 'size'> & { readonly pax?: unknown }): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) throw refuse(`more than ${this.#limits.entries} members`);
    this.#bytes += header.size;
    if (this.#bytes > this.#limits.unpackedBytes) throw refuse(`more than ${this.#limits.unpackedBytes} bytes`);
    const name = this.#checkName(header.name);
    if (isSparse(header.pax)) throw refuse(`a sparse file: ${JSON.stringify(name)}`);
    switch (header.type) {
      case 'file':
        this.#files.add(name);
        return;
      case 'directory':
        return;
      case 'symlink':
        this.#links.add(name);
        return;
      case 'link': {
        const target = this.#checkName(header.linkname);
        if (!this.#files.has(target))
          throw refuse(`a hard link to something else than an earlier file: ${JSON.stringify(name)}`);
        this.#files.add(name);
        return;
      }
      default:
        throw refuse(`a ${header.type}: ${JSON.stringify(name)}`);
    }
  }

  /** The name without a slash at its end; it must be the release's folder or below it, and not below a link. */
  #checkName(raw: string): string {
    const shown = JSON.stringify(raw.slice(0, MAX_NAME_BYTES));
    if (Buffer.byteLength(raw) > MAX_NAME_BYTES) throw refuse('a name that is too long');
    if (raw.includes('\0')) throw refuse(`a name with a NUL: ${shown}`);
    const name = raw.replace(/\/+$/, '');
    const parts = name.split('/');
    if (parts[0] !== this.#prefix) throw refuse(`a member outside its folder: ${shown}`);
    if (parts.some((part) => part === '' || part === '.' || part === '..'))
      throw refuse(`a name that leads elsewhere: ${shown}`);
    for (let length = 1; length <= parts.length; length += 1) {
      if (this.#links.has(parts.slice(0, length).join('/')))
        throw refuse(`a member below, or in place of, a link: ${shown}`);
    }
    return name;
  }
}

function isSparse(pax: unknown): boolean {
  return typeof pax === 'object' && pax !== null && Object.keys(pax).some((key) => key.startsWith('GNU.sparse'));
}

/**
 * Reads a whole archive and checks every member; nothing is written. (spec: security S7, S10)
 * @throws GridError `GRID_ARCHIVE_REFUSED` for what is unsafe, too big or no archive at all.
 */
export async function checkArchive(
  file: string,
  directoryName: string,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
  signal?: AbortSignal,
): Promise<void> {
  const checker = new ArchiveChecker(directoryName, limits);
  const source = openOwnedFile(file, process.geteuid?.() ?? 0);
  let unpacked = 0;
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    // A refusal destroys the member's stream with the error that the pipeline reports.
    stream.on('error', () => {});
    try {
      checker.check(header);
    } catch (error) {
      next(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    stream.on('end', next);
    stream.resume();
  });
  const bounded = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      unpacked += chunk.length;
      const ratio = unpacked / Math.max(1, source.bytesRead);
      if (unpacked > RATIO_FREE_BYTES && ratio > limits.ratio) throw refuse('it unpacks to far more than its size');
      if (unpacked > limits.unpackedBytes) throw refuse(`more than ${limits.unpackedBytes} bytes`);
      yield chunk;
    }
  };
  try {
    await pipeline(source, createGunzip(), bounded, reader, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof GridError) throw error;
    throw new GridError('GRID_ARCHIVE_REFUSED', 'The archive of a Software Release cannot be read', { cause: error });
  }
  if (checker.entries === 0) throw refuse('it is empty');
}
