import type { Logger } from '@slapos/host';
import { z } from 'zod';

import { GridError } from '../errors.js';
import { isTrusted, readCertificates, readDescription, readPairs } from './entry.js';
import { isSuccess, requestText, type TlsCredentials } from './http.js';
import type { Platform } from './platform.js';

const NOT_FOUND = 404;
const factsSchema = z.object({
  sha512: z.string().optional(),
  url: z.string().optional(),
  basename: z.string().optional(),
  software_url: z.string().optional(),
});

/** An index of a cache (shadir), and whose signatures count in it. (spec: grid 6) */
export interface CacheIndex {
  readonly url: string;
  /** Concatenated PEM certificates; may be empty: then nothing is trusted. */
  readonly certificates: string;
  readonly tls: TlsCredentials;
}

/** What an index says under a key; whatever somebody put there. */
export interface IndexEntry {
  readonly sha512: string | undefined;
  /** Of a file. */
  readonly url: string | undefined;
  /** Of a Python distribution: the name of its file. */
  readonly basename: string | undefined;
  /** Of a built Software Release. */
  readonly softwareUrl: string | undefined;
  /** Of a built Software Release: what it runs on. */
  readonly platform: Platform | undefined;
  /** Whether one of the trusted keys signed exactly this. */
  readonly isTrusted: boolean;
}

/** Where an index has a key. */
export function indexUrl({ url }: Pick<CacheIndex, 'url'>, key: string): string {
  return `${url.replace(/\/+$/, '')}/${key}`;
}

/**
 * Asks an index for all that it has under a key, trusted or not. (spec: grid 6.2, 6.5)
 * @returns `undefined` when it does not know the key
 * @throws GridError `GRID_CACHE_FAILED` when it cannot be reached, or answers with something else than a list
 */
export async function lookUp(
  index: CacheIndex,
  key: string,
  { logger, signal }: { readonly logger: Logger; readonly signal?: AbortSignal | undefined },
): Promise<IndexEntry[] | undefined> {
  const url = new URL(indexUrl(index, key));
  const answer = await requestText(url, { tls: index.tls, signal });
  if (answer.status === NOT_FOUND) return undefined;
  const failure = (what: string, cause?: unknown): GridError =>
    new GridError(
      'GRID_CACHE_FAILED',
      `GET ${url.origin}${url.pathname}: ${what}`,
      cause === undefined ? {} : { cause },
    );
  if (!isSuccess(answer.status)) throw failure(`status ${answer.status}`);
  let pairs: ReturnType<typeof readPairs>;
  try {
    pairs = readPairs(JSON.parse(answer.text));
  } catch (error) {
    throw failure('the answer is no list of entries', error);
  }
  const keys = readCertificates(index.certificates, Date.now(), logger);
  return pairs.map(([description, signature]) => ({
    ...factsOf(description),
    platform: readDescription(description),
    isTrusted: isTrusted(description, signature, keys),
  }));
}

function factsOf(description: string): Pick<IndexEntry, 'sha512' | 'url' | 'basename' | 'softwareUrl'> {
  const facts = factsSchema.safeParse(jsonOf(description)).data;
  return {
    sha512: facts?.sha512,
    url: facts?.url,
    basename: facts?.basename,
    softwareUrl: facts?.software_url,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
