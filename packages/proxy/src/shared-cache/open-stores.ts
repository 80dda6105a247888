import { ProxyError } from '../errors.js';
import type { ContentStore } from './content-store.js';
import type { EntryStore } from './entry-store.js';
import { FileContentStore } from './file-content-store.js';
import { FileEntryStore } from './file-entry-store.js';
import { S3ContentStore } from './s3/s3-content-store.js';
import { S3EntryStore } from './s3/s3-entry-store.js';
import { S3Bucket, type S3Options } from './s3/s3-bucket.js';

/** Where a cache is kept: in two folders, or in a bucket. */
export interface CachePlaces {
  readonly contentDirectory?: string | undefined;
  readonly metadataDirectory?: string | undefined;
  readonly s3?: S3Options | undefined;
  readonly maxTotalBytes: number;
}

/**
 * Opens the stores of a cache; nothing is read or made yet.
 * @throws ProxyError `PROXY_INVALID_OPTIONS` when neither both folders nor a bucket are named
 */
export function openCacheStores({ contentDirectory, metadataDirectory, s3, maxTotalBytes }: CachePlaces): {
  readonly contents: ContentStore;
  readonly entries: EntryStore;
} {
  if (s3 !== undefined) {
    const bucket = new S3Bucket(s3);
    return { contents: new S3ContentStore(bucket, maxTotalBytes), entries: new S3EntryStore(bucket) };
  }
  if (contentDirectory === undefined || metadataDirectory === undefined) {
    throw new ProxyError('PROXY_INVALID_OPTIONS', 'The shared cache has no place: it needs two folders, or a bucket.', {
      hint: 'Give contentDirectory and metadataDirectory, or s3.',
    });
  }
  return {
    contents: new FileContentStore(contentDirectory, maxTotalBytes),
    entries: new FileEntryStore(metadataDirectory),
  };
}
