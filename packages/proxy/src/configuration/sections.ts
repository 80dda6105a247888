import { z } from 'zod';

import { isNetwork } from '../http-proxy/allowed-targets.js';
import type { ListenAddress } from '../http/server.js';
import type { ProxyOptions } from './proxy-options.js';
import { cacheKeysWithoutEffect, sharedCacheKeys, sharedCacheOf } from './shared-cache-section.js';

const MAX_PORT = 65_535;
const TRUE_WORDS = new Set(['1', 'true', 'yes', 'on']);
const FALSE_WORDS = new Set(['0', 'false', 'no', 'off', '']);

const lines = z.string().transform((text) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== ''),
);

const port = z
  .string()
  .regex(/^\s*\d{1,5}\s*$/, { error: 'expected a port, a whole number from 0 (any free one) to 65535' })
  .transform(Number)
  .refine((value) => value <= MAX_PORT, { error: 'expected a port, a whole number from 0 (any free one) to 65535' });

const bool = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (!FALSE_WORDS.has(word)) context.addIssue({ code: 'custom', message: 'expected true or false' });
  return false;
});

const products = lines.transform((list, context) => {
  const result: Record<string, string> = {};
  for (const line of list) {
    const [reference = '', url = '', ...rest] = line.split(' ');
    if (reference === '' || url === '' || rest.length > 0) {
      context.addIssue({
        code: 'custom',
        message: `expected "REFERENCE URL" with exactly one space, not ${JSON.stringify(line)}`,
      });
    }
    result[reference] = url;
  }
  return result;
});

const folder = z.string().refine((path) => path.startsWith('/'), { error: 'expected the absolute path of a folder' });
const optionalFolder = z
  .string()
  .trim()
  .refine((path) => path === '' || path.startsWith('/'), { error: 'expected the absolute path of a folder' })
  .transform((path) => (path === '' ? undefined : path))
  .optional();
const optionalText = z
  .string()
  .transform((text) => (text.trim() === '' ? undefined : text.trim()))
  .optional();

/**
 * The section `[slapproxy]`, with `computer_id` of `[slapos]`: texts in, typed values out (spec: config §3.5). Keys are read with
 * underscores or dashes. More than the Python proxy has: `trust_forwarded_headers` (true or false), `allowed_hosts` (one a line), `access` (`open`: whoever
 * can connect may do everything; `restricted`: tokens and certificates are asked for; `auto`: open on loopback alone), `tls` (true or false) with
 * `tls_names` (names and addresses of the machine, one a line), `socket_path` (a Unix socket that is served as well), and
 * `panel` (true or false: the web page at `/panel/`).
 */
export const slapproxySectionSchema = z.preprocess(
  (section) =>
    isRecord(section)
      ? Object.fromEntries(Object.entries(section).map(([key, value]) => [key.replaceAll('-', '_'), value]))
      : section,
  z.object({
    host: z.string().trim().min(1).default('127.0.0.1'),
    port,
    database_uri: z
      .string({ error: 'database-uri is required.' })
      .trim()
      .min(1, { error: 'database-uri is required.' }),
    computer_id: z.string({ error: 'computer_id is required, in section [slapos]' }).trim().min(1),
    software_product_list: products.default({}),
    local_software_release_root: folder.default('/'),
    log_file: optionalText,
    trust_forwarded_headers: bool.default(false),
    allowed_hosts: lines.default([]),
    access: z.enum(['auto', 'open', 'restricted'], { error: 'expected auto, open or restricted' }).default('auto'),
    tls: bool.default(false),
    tls_names: lines.default([]),
    socket_path: z
      .string()
      .trim()
      .refine((path) => path === '' || path.startsWith('/'), { error: 'expected the absolute path of a Unix socket' })
      .transform((path) => (path === '' ? undefined : path))
      .optional(),
    public_directory_path: optionalFolder,
    panel: bool.default(true),
    http_proxy_targets: lines.default([]),
    http_proxy_private_networks: lines
      .default([])
      .refine((networks) => networks.every(isNetwork), { error: 'expected networks such as 10.0.0.0/8, one a line' }),
    ...sharedCacheKeys,
  }),
);

/** A section `[multimaster/URL]`; the URL stands in its name (spec: config §3.6). `ca` is ours: who signed the master's certificate. */
export const multimasterSectionSchema = z.object({
  key: optionalText,
  cert: optionalText,
  ca: optionalText,
  software_release_list: lines.default([]),
  computer: optionalText,
  partition: optionalText,
});

export type SlapproxySection = z.output<typeof slapproxySectionSchema>;
export type MultimasterSection = z.output<typeof multimasterSectionSchema>;

/** Which keys of the section are set, but have no effect without others that are not: whoever reads the file should say so. */
export function keysWithoutEffect(section: SlapproxySection): string[] {
  const cacheKeys = cacheKeysWithoutEffect(section);
  const isRelaying = section.http_proxy_targets.length > 0 || section.http_proxy_private_networks.length === 0;
  return isRelaying ? cacheKeys : [...cacheKeys, 'http_proxy_private_networks'];
}

/** Where a proxy with this section listens: its port, and a Unix socket when one is named. */
export function listenAddressesFromSection(section: SlapproxySection): ListenAddress[] {
  const access = section.access === 'auto' ? {} : { access: section.access };
  const tls = section.tls ? { tls: { names: section.tls_names } } : {};
  return [
    { host: section.host, port: section.port, ...access, ...tls },
    // Who may use the socket is a matter of the rights of its folder.
    ...(section.socket_path === undefined ? [] : [{ socketPath: section.socket_path }]),
  ];
}

/** The options of `createProxy` that the sections say; masters in the order of the file. */
export function proxyOptionsFromSections(
  section: SlapproxySection,
  multimaster: readonly (MultimasterSection & { readonly url: string })[] = [],
): ProxyOptions {
  return {
    databasePath: section.database_uri,
    computerId: section.computer_id,
    softwareProducts: section.software_product_list,
    localSoftwareReleaseRoot: section.local_software_release_root,
    trustForwardedHeaders: section.trust_forwarded_headers,
    allowedHosts: section.allowed_hosts,
    panel: section.panel,
    ...sharedCacheOf(section),
    ...(section.http_proxy_targets.length === 0
      ? {}
      : { httpProxy: { targets: section.http_proxy_targets, privateNetworks: section.http_proxy_private_networks } }),
    ...(section.public_directory_path === undefined ? {} : { publicDirectory: section.public_directory_path }),
    multimaster: multimaster.map(
      ({ url, key, cert, ca, software_release_list: softwareReleaseUrls, computer, partition }) => ({
        url,
        softwareReleaseUrls,
        keyFile: key,
        certFile: cert,
        caFile: ca,
        computerId: computer,
        partitionId: partition,
      }),
    ),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
