import { createHash } from 'node:crypto';
import { cacheIndexFromSection, cacheLookupSectionSchema, type IndexEntry, indexUrl, lookUp } from '@slapos/grid';
import { isSlapOSError } from '@slapos/host';
import { checkSection, mergeSections } from '../config/check-section.js';
import type { ConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

const SECTION = 'networkcache';

/** What is looked for. */
export interface Sought {
  /** Built Software Releases, or files and Python distributions. */
  readonly kind: 'binary' | 'source';
  readonly key: string;
  /** What is said when the index does not know it, and when it cannot be asked (spec: cli §7). */
  readonly unknown: string;
  readonly unreachable: string;
}

/** What an index answered. */
export interface Found {
  /** Where the key is in the index. */
  readonly url: string;
  /** `undefined`: the index does not know the key, or could not be asked; that has been said. */
  readonly entries: readonly IndexEntry[] | undefined;
}

/**
 * Looks something up in the cache that a configuration names.
 * @param announce is called with the address of the key before it is asked for
 * @throws CliError `CLI_CONFIGURATION`; GridError `GRID_INVALID_OPTIONS`
 */
export async function lookUpInCache(
  config: ConfigFile,
  sought: Sought,
  { log, signal }: { readonly log: CommandLog; readonly signal: AbortSignal },
  announce: (url: string) => void = () => {},
): Promise<Found> {
  if (!config.hasSection(SECTION))
    throw new CliError('CLI_CONFIGURATION', `No section: '${SECTION}'`, {
      hint: `Add [${SECTION}] to ${config.file}: slapos help config says what it can hold.`,
    });
  const section = checkSection(cacheLookupSectionSchema, mergeSections(config, [SECTION]), config, [SECTION]);
  const index = await cacheIndexFromSection(section, sought.kind);
  const url = indexUrl(index, sought.key);
  announce(url);
  try {
    const entries = await lookUp(index, sought.key, { logger: log, signal });
    if (entries === undefined) log.critical(sought.unknown);
    return { url, entries };
  } catch (error) {
    if (!isSlapOSError(error) || error.code !== 'GRID_CACHE_FAILED') throw error;
    log.critical(sought.unreachable);
    log.error(error.message);
    return { url, entries: undefined };
  }
}

/** MD5 of a text, in hexadecimal: what keys of caches are made of. */
export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
