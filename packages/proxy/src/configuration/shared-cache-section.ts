import { z } from 'zod';

import type { ProxyOptions } from './proxy-options.js';

const SIZE = /^(\d{1,15})\s*([KMGT]?)(?:i?B)?$/i;
const UNIT_POWERS: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4 };

const optionalText = z
  .string()
  .transform((text) => (text.trim() === '' ? undefined : text.trim()))
  .optional();

const optionalSize = z
  .string()
  .transform((text, context) => {
    if (text.trim() === '') return undefined;
    const [, number = '', unit = ''] = SIZE.exec(text.trim()) ?? [];
    if (number === '') context.addIssue({ code: 'custom', message: 'expected a size such as 500M or 2G' });
    return Number(number) * 1024 ** (UNIT_POWERS[unit.toUpperCase()] ?? 0);
  })
  .optional();

/** The keys of `[slapproxy]` that are about the shared cache; those with `s3` and `max` are ours. */
export const sharedCacheKeys = {
  shacache_content_directory: optionalText,
  shacache_metadata_directory: optionalText,
  shacache_upstream_cache_url: optionalText,
  shacache_upstream_dir_url: optionalText,
  shacache_max_size: optionalSize,
  shacache_s3_endpoint: optionalText,
  shacache_s3_bucket: optionalText,
  shacache_s3_region: optionalText,
  shacache_s3_prefix: optionalText,
  shacache_s3_access_key_id: optionalText,
  shacache_s3_secret_access_key: optionalText,
} as const;

type SharedCacheSection = z.output<z.ZodObject<typeof sharedCacheKeys>>;

const KEYS = Object.keys(sharedCacheKeys) as (keyof SharedCacheSection)[];

/** The cache that the section describes; none unless both folders, or the bucket with who we are there, are named. */
export function sharedCacheOf(section: SharedCacheSection): Pick<ProxyOptions, 'sharedCache'> {
  const place = placeOf(section);
  if (place === undefined) return {};
  return {
    sharedCache: {
      ...place,
      upstreamCacheUrl: section.shacache_upstream_cache_url,
      upstreamDirUrl: section.shacache_upstream_dir_url,
      ...(section.shacache_max_size === undefined ? {} : { maxTotalBytes: section.shacache_max_size }),
    },
  };
}

/** Which keys are set, but have no effect without others that are not. */
export function cacheKeysWithoutEffect(section: SharedCacheSection): string[] {
  const place = placeOf(section);
  const set = KEYS.filter((key) => section[key] !== undefined);
  if (place === undefined) return set;
  // A bucket is taken before folders.
  return 's3' in place ? set.filter((key) => key.endsWith('_directory')) : set.filter((key) => key.includes('_s3_'));
}

function placeOf(section: SharedCacheSection): Partial<NonNullable<ProxyOptions['sharedCache']>> | undefined {
  const {
    shacache_s3_endpoint: endpoint,
    shacache_s3_bucket: bucket,
    shacache_s3_access_key_id: accessKeyId,
    shacache_s3_secret_access_key: secretAccessKey,
    shacache_s3_region: region,
    shacache_s3_prefix: prefix,
    shacache_content_directory: contentDirectory,
    shacache_metadata_directory: metadataDirectory,
  } = section;
  if (endpoint !== undefined && bucket !== undefined && accessKeyId !== undefined && secretAccessKey !== undefined) {
    const choices = { ...(region === undefined ? {} : { region }), ...(prefix === undefined ? {} : { prefix }) };
    return { s3: { endpoint, bucket, accessKeyId, secretAccessKey, ...choices } };
  }
  return contentDirectory === undefined || metadataDirectory === undefined
    ? undefined
    : { contentDirectory, metadataDirectory };
}
