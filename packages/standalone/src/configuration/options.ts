import { isIP } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { PassObserver, SoftwareBuilder } from '@slapos/grid';
import type { Logger } from '@slapos/host';
import type { SupervisorKind } from '@slapos/supervisor';
import { z } from 'zod';
import { StandaloneError } from '../errors.js';

const MAX_PORT = 65_535;

/** Another master, to which requests for some releases are forwarded (spec: standalone §1.1). */
export interface ForwardedMaster {
  /** http or https. */
  readonly masterUrl: string;
  /** Exact URLs of the releases. */
  readonly softwareReleaseUrls: readonly string[];
  /** PEM files of a client certificate; both or none. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** PEM file of the authority of that master. */
  readonly caFile?: string | undefined;
  /** As which partition of that master we ask; absent: as a person. */
  readonly as?: { readonly computerId: string; readonly partitionId: string } | undefined;
}

/** How partitions are made (spec: standalone §4.3). */
export interface FormatPartitions {
  /** How many; 0 empties the machine. */
  readonly partitions: number;
  /** Of all partitions. Default `127.0.0.1`. */
  readonly ipv4?: string | undefined;
  /** An address for all, or with a prefix length the network that they get theirs from. Default `::1`. */
  readonly ipv6?: string | undefined;
  /** Default `slappart`. */
  readonly baseName?: string | undefined;
}

/** How a standalone node is made. Everything has a default. */
export interface StandaloneOptions {
  /** Where everything lies; made when it is missing (its parent is not). Default: a temporary folder, removed at the end. */
  readonly directory?: string | undefined;
  /** Formats the machine at once; a number is the number of partitions. Default: as it was left. */
  readonly format?: number | FormatPartitions | undefined;
  /** Where the mini-master listens. Default: `127.0.0.1` and a free port, which the folder keeps for the next time. */
  readonly listen?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /** Default `local`. */
  readonly computerId?: string | undefined;
  /** Further folders of shared parts, only read; the node's own comes last. */
  readonly sharedParts?: readonly string[] | undefined;
  /** Default `soft`, `inst` and `shared` below the folder. */
  readonly softwareRoot?: string | undefined;
  readonly instanceRoot?: string | undefined;
  readonly sharedPartRoot?: string | undefined;
  /** No software passes: releases come ready-made, in `softwareRoot`. Default false. */
  readonly instanceOnly?: boolean | undefined;
  readonly forward?: readonly ForwardedMaster[] | undefined;
  /** Folder below which releases that are paths lie. Default `/`. */
  readonly localSoftwareReleaseRoot?: string | undefined;
  /** Folder with JSON schemas of releases, that the mini-master serves below `/panel/public/`. Default: none. */
  readonly publicDirectory?: string | undefined;
  /** Which supervisor is started. Default `embedded`. */
  readonly supervisor?: SupervisorKind | undefined;
  /** What builds releases and instances. Default: buildout. */
  readonly builder?: SoftwareBuilder | undefined;
  /** The program that bootstraps a buildout; default: `buildout` in the usual folders. */
  readonly buildoutProgram?: string | undefined;
  /** Space that a build or an instance needs, in bytes. Default 0: not checked. */
  readonly minimumFreeBytes?: bigint | undefined;
  /** The user that builds and instances run as; root must name one, others must not. */
  readonly user?: string | undefined;
  /** What becomes of services at the end: `stop` (default) or `leave` them running for the next object on this folder. */
  readonly onClose?: 'stop' | 'leave' | undefined;
  /** The `slapos` command that `bin/slapos` of the folder runs. Default: `slapos`, found by PATH. */
  readonly slaposProgram?: string | undefined;
  /** Variables that builds may get of ours, such as `process.env`; the allow-list of the node applies. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Gets what goes to the log files as well. */
  readonly logger?: Logger | undefined;
  /** Told of everything that happens in a pass. */
  readonly onEvent?: PassObserver | undefined;
}

const folder = z
  .string()
  .min(1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'expected a path without control characters')
  .transform((text) => path.resolve(text));
const address = z
  .string()
  .refine((text) => isIP(text) !== 0 || text === 'localhost', 'expected an address or localhost');

const optionsSchema = z.strictObject({
  directory: folder.optional(),
  format: z
    .union([
      z.int().min(0),
      z.strictObject({
        partitions: z.int().min(0),
        ipv4: z.string().optional(),
        ipv6: z.string().optional(),
        baseName: z.string().optional(),
      }),
    ])
    .optional(),
  listen: z
    .strictObject({ host: address.default('127.0.0.1'), port: z.int().min(0).max(MAX_PORT).optional() })
    .prefault({}),
  computerId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/)
    .default('local'),
  sharedParts: z.array(folder).default([]),
  softwareRoot: folder.optional(),
  instanceRoot: folder.optional(),
  sharedPartRoot: folder.optional(),
  instanceOnly: z.boolean().default(false),
  forward: z
    .array(
      z.strictObject({
        masterUrl: z.url({ protocol: /^https?$/ }),
        softwareReleaseUrls: z.array(z.string().min(1)),
        certFile: folder.optional(),
        keyFile: folder.optional(),
        caFile: folder.optional(),
        as: z.strictObject({ computerId: z.string().min(1), partitionId: z.string().min(1) }).optional(),
      }),
    )
    .default([]),
  localSoftwareReleaseRoot: folder.default('/'),
  publicDirectory: folder.optional(),
  supervisor: z.enum(['auto', 'supervisord', 'embedded']).default('embedded'),
  buildoutProgram: folder.optional(),
  minimumFreeBytes: z.bigint().min(0n).default(0n),
  user: z.string().min(1).optional(),
  onClose: z.enum(['stop', 'leave']).default('stop'),
  slaposProgram: z.string().min(1).default('slapos'),
});

/** The options with their defaults, without what is no plain data. */
export type ResolvedStandaloneOptions = z.output<typeof optionsSchema> & {
  /** The user that everything runs as. */
  readonly user: string;
};

/**
 * Checks the options and fills in the defaults.
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` that names each wrong one, `STANDALONE_ROOT`
 */
export function resolveStandaloneOptions(options: StandaloneOptions): ResolvedStandaloneOptions {
  const { builder: _builder, environment: _environment, logger: _logger, onEvent: _onEvent, ...plain } = options;
  const parsed = optionsSchema.safeParse(plain);
  if (!parsed.success) {
    throw new StandaloneError(
      'STANDALONE_INVALID_OPTIONS',
      `The options of the standalone node are wrong:\n${z.prettifyError(parsed.error)}`,
      { cause: parsed.error },
    );
  }
  const { data } = parsed;
  if (data.instanceOnly && data.softwareRoot === undefined) {
    throw new StandaloneError('STANDALONE_INVALID_OPTIONS', 'instanceOnly needs softwareRoot, where the releases are.');
  }
  return { ...data, user: chooseUser(data.user) };
}

function chooseUser(wanted: string | undefined): string {
  const { username, uid } = os.userInfo();
  if (uid === 0) {
    if (wanted !== undefined && wanted !== 'root') return wanted;
    throw new StandaloneError('STANDALONE_ROOT', 'A standalone node runs nothing as root.', {
      hint: 'Run the program as an ordinary user, or name one that builds and instances run as: user: "nobody".',
    });
  }
  if (wanted === undefined || wanted === username) return username;
  throw new StandaloneError(
    'STANDALONE_INVALID_OPTIONS',
    `Only root can run instances as another user (${wanted}); we are ${username}.`,
    { hint: 'Leave `user` out.' },
  );
}
