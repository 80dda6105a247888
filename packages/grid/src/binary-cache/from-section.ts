import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { GridError } from '../errors.js';
import type { GridSection } from '../pass/section.js';
import type { TlsCredentials } from './http.js';
import type { CacheIndex } from './look-up.js';
import type { NetworkBinaryCacheOptions } from './network-binary-cache.js';

async function read<Key extends string>(
  section: Readonly<Partial<Record<Key, unknown>>>,
  key: Key,
): Promise<string | undefined> {
  const file = section[key];
  if (typeof file !== 'string' || file === '') return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new GridError('GRID_INVALID_OPTIONS', `${key}: the file ${JSON.stringify(file)} cannot be read`, {
      hint: `Correct ${key} in [networkcache].`,
      cause: error,
    });
  }
}

async function readTls(section: TlsSection, service: 'shacache' | 'shadir'): Promise<TlsCredentials> {
  const ca = await read(section, `${service}-ca-file`);
  const certificate = await read(section, `${service}-cert-file`);
  const key = await read(section, `${service}-key-file`);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

type TlsSection = Readonly<Partial<Record<`sha${'cache' | 'dir'}-${'ca' | 'cert' | 'key'}-file`, string | undefined>>>;

const text = z.string().optional();

/** What looking something up in a cache needs of `[networkcache]`. (spec: config 3.3) */
export const cacheLookupSectionSchema = z.object({
  'signature-certificate-list': z.string({ error: 'is needed; it may be empty: then nothing is trusted' }),
  'download-cache-url': text,
  'download-dir-url': text,
  'download-binary-cache-url': text,
  'download-binary-dir-url': text,
  'shadir-ca-file': text,
  'shadir-cert-file': text,
  'shadir-key-file': text,
});

/**
 * The index of built Software Releases (`binary`), or of files and Python distributions (`source`).
 * @throws GridError `GRID_INVALID_OPTIONS` for a key that is missing, or a file that cannot be read (spec: cli §7)
 */
export async function cacheIndexFromSection(
  section: z.output<typeof cacheLookupSectionSchema>,
  kind: 'binary' | 'source',
): Promise<CacheIndex> {
  const prefix = kind === 'binary' ? 'download-binary' : 'download';
  for (const key of [`${prefix}-cache-url`, `${prefix}-dir-url`] as const) {
    const url = section[key];
    if (url === undefined || !URL.canParse(url))
      throw new GridError(
        'GRID_INVALID_OPTIONS',
        `${key} of [networkcache] is ${url === undefined ? 'missing' : 'no URL'}`,
        {
          hint: 'Set it to where the cache is.',
        },
      );
  }
  return {
    url: section[`${prefix}-dir-url`] ?? '',
    certificates: section['signature-certificate-list'],
    tls: await readTls(section, 'shadir'),
  };
}

/** Two keys that belong together: the service's name for the options, and both URLs. */
function urls<Cache extends string, Directory extends string>(
  cache: readonly [Cache, string | undefined],
  directory: readonly [Directory, string | undefined],
): Partial<Record<Cache | Directory, string>> {
  if ((cache[1] ?? '') === '' || (directory[1] ?? '') === '') return {};
  return { [cache[0]]: cache[1], [directory[0]]: directory[1] } as Record<Cache | Directory, string>;
}

/**
 * The options of the binary cache that `[networkcache]` gives, files read; `undefined` when neither direction has both of its URLs.
 * @throws GridError `GRID_INVALID_OPTIONS` for a file that cannot be read. (spec: grid 2.3)
 */
export async function binaryCacheOptionsFromSection(
  section: GridSection,
): Promise<NetworkBinaryCacheOptions | undefined> {
  const down = urls(
    ['downloadCacheUrl', section['download-binary-cache-url']],
    ['downloadDirectoryUrl', section['download-binary-dir-url']],
  );
  const up = urls(
    ['uploadCacheUrl', section['upload-binary-cache-url']],
    ['uploadDirectoryUrl', section['upload-binary-dir-url']],
  );
  if (down.downloadCacheUrl === undefined && up.uploadCacheUrl === undefined) return undefined;
  const signatureCertificates = section['signature-certificate-list'];
  const signaturePrivateKey =
    (await read(section, 'signature-private-key-file')) ?? (await read(section, 'signature_private_key_file'));
  return {
    instanceRoot: section.instance_root,
    ...down,
    ...up,
    ...(signatureCertificates === undefined ? {} : { signatureCertificates }),
    ...(signaturePrivateKey === undefined ? {} : { signaturePrivateKey }),
    cacheTls: await readTls(section, 'shacache'),
    directoryTls: await readTls(section, 'shadir'),
  };
}
