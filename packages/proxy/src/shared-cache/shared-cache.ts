import type { Logger } from '@slapos/slap';
import { z } from 'zod';

import type { ResolvedProxyOptions } from '../configuration/proxy-options.js';
import { ProxyError } from '../errors.js';
import { spacedJson } from '../http/python-json.js';
import { type ContentStore, isContentHash, type StoredContent } from './content-store.js';
import { type EntryStore, isEntryKey } from './entry-store.js';
import { openCacheStores } from './open-stores.js';

/** Entries are small; contents may be large, and come from far away. */
const ENTRY_TIMEOUT_MS = 30_000;
const CONTENT_TIMEOUT_MS = 15 * 60_000;
const NOT_FOUND = 404;

/** A pair of a text (JSON with the `sha512` of a content) and its signature, which is passed on unread. */
const pairSchema = z.tuple([z.string(), z.string()]);
const pairsSchema = z.array(pairSchema);
const aboutSchema = z.object({ sha512: z.string() });

/** How it is set up. */
export type SharedCacheOptions = NonNullable<ResolvedProxyOptions['sharedCache']>;

/** A server of shacache and shadir, and a cache of another one (spec: proxy §11). */
export class SharedCache {
  readonly #options: SharedCacheOptions;
  readonly #logger: Logger;
  readonly contents: ContentStore;
  readonly entries: EntryStore;
  readonly #downloads = new Map<string, Promise<void>>();

  constructor(options: SharedCacheOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    ({ contents: this.contents, entries: this.entries } = openCacheStores(options));
  }

  /**
   * A content; fetched from the server behind this one, and kept, when it is not here.
   * @throws ProxyError `PROXY_UPSTREAM_FAILED`, `PROXY_TOO_LARGE`.
   */
  async content(hash: string): Promise<StoredContent | undefined> {
    const known = await this.contents.find(hash);
    if (known !== undefined || this.#options.upstreamCacheUrl === undefined || !isContentHash(hash)) return known;
    // Those who ask at the same time wait for the same download.
    let download = this.#downloads.get(hash);
    if (download === undefined) {
      download = this.#download(this.#options.upstreamCacheUrl, hash).finally(() => this.#downloads.delete(hash));
      this.#downloads.set(hash, download);
    }
    await download;
    return this.contents.find(hash);
  }

  /** What is known about a key, as JSON; `isFresh` when it was just fetched from the server behind this one. */
  async entry(key: string): Promise<{ readonly text: string; readonly isFresh: boolean } | undefined> {
    const known = await this.entries.read(key);
    if (known !== undefined) return { text: known, isFresh: false };
    if (this.#options.upstreamDirUrl === undefined || !isEntryKey(key)) return undefined;
    const fetched = await this.#fetchEntry(this.#options.upstreamDirUrl, key);
    if (fetched === undefined) return undefined;
    await this.entries.write(key, fetched);
    return { text: fetched, isFresh: true };
  }

  /**
   * Makes `pair` the only entry of a key.
   * @throws ProxyError `PROXY_INVALID_REQUEST`.
   */
  async putEntry(key: string, pair: unknown): Promise<void> {
    const parsed = pairSchema.safeParse(pair);
    if (!parsed.success || !isEntryKey(key)) throw new ProxyError('PROXY_INVALID_REQUEST', 'Invalid entry format');
    await this.entries.write(key, spacedJson([parsed.data]));
  }

  /** Fetches all entries again; without a server behind this one, drops those whose content is not here. */
  async update(): Promise<{ readonly removed: string[]; readonly updated: string[] }> {
    const { upstreamDirUrl } = this.#options;
    const [removed, updated]: [string[], string[]] = [[], []];
    for (const key of await this.entries.keys()) {
      if (upstreamDirUrl === undefined) {
        if (await this.#hasContentOf(key)) continue;
        await this.entries.remove(key);
        removed.push(key);
        continue;
      }
      try {
        const fetched = await this.#fetchEntry(upstreamDirUrl, key);
        if (fetched === undefined) {
          await this.entries.remove(key);
          removed.push(key);
        } else {
          await this.entries.write(key, fetched);
          updated.push(key);
        }
      } catch (error) {
        // What cannot be asked for now is kept.
        this.#logger.warn('An entry of the shared cache could not be updated', { key, error });
      }
    }
    return { removed, updated };
  }

  async #hasContentOf(key: string): Promise<boolean> {
    const pairs = pairsSchema.safeParse(parseJson((await this.entries.read(key)) ?? ''));
    if (!pairs.success) return false;
    for (const [text] of pairs.data) {
      const about = aboutSchema.safeParse(parseJson(text));
      if (about.success && (await this.contents.find(about.data.sha512)) !== undefined) return true;
    }
    return false;
  }

  async #download(base: string, hash: string): Promise<void> {
    const response = await ask(base, hash, CONTENT_TIMEOUT_MS);
    if (response === undefined) return;
    try {
      await this.contents.add(response.body ?? emptyBody(), hash);
    } catch (error) {
      if (error instanceof ProxyError && error.code === 'PROXY_TOO_LARGE') throw error;
      throw upstreamError(error);
    }
  }

  async #fetchEntry(base: string, key: string): Promise<string | undefined> {
    const response = await ask(base, key, ENTRY_TIMEOUT_MS);
    if (response === undefined) return undefined;
    const text = await response.text().catch((error: unknown) => Promise.reject(upstreamError(error)));
    const pairs = pairsSchema.safeParse(parseJson(text));
    if (!pairs.success) throw upstreamError(new Error('it is no list of pairs'));
    return pairs.data.length === 0 ? undefined : text;
  }
}

/** `undefined` when it is not there. */
async function ask(base: string, name: string, timeoutMs: number): Promise<Response | undefined> {
  let response: Response;
  try {
    const url = `${base.replace(/\/$/, '')}/${encodeURIComponent(name)}`;
    response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    throw upstreamError(error);
  }
  if (response.ok) return response;
  await response.body?.cancel();
  if (response.status === NOT_FOUND) return undefined;
  throw new ProxyError('PROXY_UPSTREAM_FAILED', `Upstream returned ${response.status}`, { retryable: true });
}

function upstreamError(cause: unknown): ProxyError {
  const reason =
    cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(cause);
  return new ProxyError('PROXY_UPSTREAM_FAILED', `Upstream error: ${reason}`, { cause, retryable: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // No schema fits it.
  }
}

async function* emptyBody(): AsyncGenerator<Uint8Array, void, undefined> {
  // Nothing is a content too.
}
