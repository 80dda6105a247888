const HASH = /^[0-9a-f]{128}$/;

/** Whether a name can be that of a content: its SHA-512, in small letters. */
export function isContentHash(name: string): boolean {
  return HASH.test(name);
}

/** A content that is stored. */
export interface StoredContent {
  readonly byteLength: number;
  readonly modifiedAt: Date;
  stream(): ReadableStream<Uint8Array>;
}

/** Contents by their SHA-512 (spec: proxy §11), wherever they are kept. */
export interface ContentStore {
  /** `undefined` when it is not there, or is no hash. */
  find(hash: string): Promise<StoredContent | undefined>;
  /**
   * Stores a content, part by part, and tells its hash. It is there as a whole or not at all.
   * @param expectedHash what it must be; nothing is stored when it is something else
   * @throws ProxyError `PROXY_TOO_LARGE` when there is no room for it, `PROXY_INVALID_REQUEST` when it is not what was expected.
   */
  add(content: AsyncIterable<Uint8Array>, expectedHash?: string): Promise<string>;
}
