import type { Logger } from '@slapos/slap';
import { z } from 'zod';

import type { Clock } from '../allocation/timestamps.js';
import { checkOptions } from './check-options.js';
import { isNetwork } from '../http-proxy/allowed-targets.js';
import { IN_MEMORY } from '../store/sqlite/sqlite-store.js';

const MEBIBYTE = 1024 * 1024;

const limitsSchema = z.strictObject({
  /** The description of 10,000 partitions takes about 20 MB on the wire. */
  maxBodyBytes: z
    .int()
    .positive()
    .default(64 * MEBIBYTE),
  /** What bodies that are larger than 1 MiB may take together while they are read; more are told 503. */
  maxBufferedBytes: z
    .int()
    .positive()
    .default(128 * MEBIBYTE),
  /** More are told 503 and closed. */
  maxConnections: z.int().positive().default(2_000),
  maxHeaderBytes: z
    .int()
    .positive()
    .default(16 * 1024),
  /** From the opening of a connection to the end of the headers. */
  headersTimeoutMs: z.int().positive().default(10_000),
  /** From the first byte of a request to its last. */
  requestTimeoutMs: z.int().positive().default(60_000),
  /** How long a connection stays open for the next request. */
  keepAliveTimeoutMs: z.int().positive().default(65_000),
});

/** A master that requests are forwarded to (spec: proxy §6). */
export const externalMasterSchema = z.strictObject({
  /** Compared as text with the `master_url` of a request's filter. */
  url: z.url({ protocol: /^https?$/ }),
  /** PEM files; both are needed for https. */
  keyFile: z.string().optional(),
  certFile: z.string().optional(),
  /** PEM file of the authority that signed the master's certificate. */
  caFile: z.string().optional(),
  /** Requests of these releases always go there. */
  softwareReleaseUrls: z.array(z.string()).default([]),
  /** Computer and partition as which we request there; as a user when either is absent. */
  computerId: z.string().optional(),
  partitionId: z.string().optional(),
});

const GIBIBYTE = 1024 * MEBIBYTE;

const s3Schema = z.strictObject({
  /** Where the storage is, without the bucket. */
  endpoint: z.url({ protocol: /^https?$/ }),
  bucket: z.string().min(3).max(63),
  region: z.string().min(1).default('us-east-1'),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  /** Before the name of every object. */
  prefix: z
    .string()
    .regex(/^(?:[\w.-]+\/)*$/, { error: 'expected nothing, or folders such as slapos/cache/' })
    .default(''),
  /** Contents that are larger are sent in parts of this size; storages take none below 5 MiB. */
  partBytes: z
    .int()
    .min(5 * MEBIBYTE)
    .default(256 * MEBIBYTE),
});

const sharedCacheSchema = z
  .strictObject({
    /** Folder of the contents, each a file that is named after its SHA-512. */
    contentDirectory: z.string().min(1).optional(),
    /** Folder of what is known about them, each key a file. */
    metadataDirectory: z.string().min(1).optional(),
    /** In place of both folders: a bucket of a storage that speaks S3. */
    s3: s3Schema.optional(),
    /** Where contents and entries are looked for that are not here. */
    upstreamCacheUrl: z.url({ protocol: /^https?$/ }).optional(),
    upstreamDirUrl: z.url({ protocol: /^https?$/ }).optional(),
    /** How large all contents together may become. */
    maxTotalBytes: z
      .int()
      .positive()
      .default(100 * GIBIBYTE),
  })
  .refine(
    ({ contentDirectory, metadataDirectory, s3 }) =>
      s3 === undefined
        ? contentDirectory !== undefined && metadataDirectory !== undefined
        : contentDirectory === undefined && metadataDirectory === undefined,
    { error: 'expected contentDirectory and metadataDirectory, or s3' },
  );

const httpProxySchema = z.strictObject({
  /** Hosts that may be asked for. */
  targets: z.array(z.string().min(1)).min(1),
  /** Private networks that may be reached. */
  privateNetworks: z
    .array(z.string().refine(isNetwork, { error: 'expected a network such as 10.0.0.0/8' }))
    .default([]),
});

const proxyOptionsSchema = z.strictObject({
  databasePath: z.string().min(1).default(IN_MEMORY),
  computerId: z.string().min(1).default('local_computer'),
  softwareProducts: z.record(z.string(), z.string()).default({}),
  localSoftwareReleaseRoot: z.string().startsWith('/').default('/'),
  multimaster: z.array(externalMasterSchema).default([]),
  trustForwardedHeaders: z.boolean().default(false),
  allowedHosts: z.array(z.string()).default([]),
  durable: z.boolean().default(true),
  sharedCache: sharedCacheSchema.optional(),
  publicDirectory: z.string().startsWith('/').optional(),
  panel: z.boolean().default(true),
  panelDirectory: z.string().startsWith('/').optional(),
  httpProxy: httpProxySchema.optional(),
  limits: limitsSchema.prefault({}),
});

/** A master that requests are forwarded to. */
export type ExternalMaster = z.output<typeof externalMasterSchema>;

/** Bounds that keep one client from using up what the others need. */
export type ProxyLimits = z.output<typeof limitsSchema>;

/** How a mini-master is made. Everything has a default; without any option it lives in memory. */
export interface ProxyOptions {
  /** SQLite file, made when it is absent, or the URI of a PostgreSQL database that several processes may share; default `:memory:`. */
  readonly databasePath?: string;
  /** The computer that is known without formatting, and that gets the requests which name none. Default `local_computer`. */
  readonly computerId?: string;
  /** URL of the best release of each software product. */
  readonly softwareProducts?: Readonly<Record<string, string>>;
  /** Folder below which local Software Releases lie; a change is followed. Default `/`. */
  readonly localSoftwareReleaseRoot?: string;
  /** Masters that requests are forwarded to; the first that lists a release gets it. */
  readonly multimaster?: readonly z.input<typeof externalMasterSchema>[];
  /** Believe `X-Forwarded-Proto` and `-Prefix`: only behind a front end that sets them. Default false. */
  readonly trustForwardedHeaders?: boolean;
  /** Host names that clients may use, beside addresses, `localhost`, the name of the machine and the one that is listened on; `*` allows all. */
  readonly allowedHosts?: readonly string[];
  /** Serve shacache and shadir from these folders, and fetch what is missing from others. Default: not served. */
  readonly sharedCache?: z.input<typeof sharedCacheSchema>;
  /** Folder whose files everybody may download, at `/panel/public/`. Default: none. */
  readonly publicDirectory?: string;
  /** Serve the panel, a web page, at `/panel/`. Default true. */
  readonly panel?: boolean;
  /** Folder of the built panel: `index.html` and `assets`. Default: the one that comes with this package. */
  readonly panelDirectory?: string;
  /**
   * Serve pages of these hosts at `/http_proxy/SCHEME/HOST:PORT/PATH`: `app.example`, `app.example:8443`, `*.example`, `*`. Private addresses are
   * refused, also behind a name, unless their network is named. Default: off.
   */
  readonly httpProxy?: z.input<typeof httpProxySchema>;
  /** Wait for the disk before answering a change. Default true; false may lose the last changes when the power fails. */
  readonly durable?: boolean;
  readonly limits?: Partial<ProxyLimits>;
  /** Milliseconds since 1970. */
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** The options with their defaults, without what is no plain data. */
export type ResolvedProxyOptions = z.output<typeof proxyOptionsSchema>;

/**
 * Checks the options and fills in the defaults.
 * @throws ProxyError `PROXY_INVALID_OPTIONS` that names each wrong option.
 */
export function resolveProxyOptions({
  clock: _clock,
  logger: _logger,
  ...options
}: ProxyOptions): ResolvedProxyOptions {
  return checkOptions(proxyOptionsSchema, options, 'The options of the proxy are wrong');
}
