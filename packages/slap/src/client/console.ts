import { homedir } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

import { SlapError } from '../errors.js';
import type { ComputerPartition } from '../model/computer-partition.js';
import type { InstanceInformation } from '../model/instance-information.js';
import type { InstanceRequest, NotReady } from '../model/request.js';
import type { SoftwareProductCollection } from '../model/software-product.js';
import { nonEmpty } from './master-url.js';
import type { SlapClient, SlapClientOptions } from './slap-client.js';
import type { CallOptions } from './slap-connection.js';

const path = z.string().optional();

/** The keys of section `[slapos]` of slapos-client.cfg that say how to reach the master (spec: slap-client §10). */
export const clientSectionSchema = z.object({
  master_url: z.string().optional(),
  master_rest_url: z.string().optional(),
  key_file: path,
  cert_file: path,
  master_ca_file: path,
  master_insecure: z
    .enum(['true', 'false', 'True', 'False', '1', '0'])
    .transform((text) => ['true', 'True', '1'].includes(text))
    .optional(),
});

/** The keys of section `[slapconsole]`: the older place of the certificate (spec: slap-client §10). */
export const consoleSectionSchema = z.object({
  key_file: path,
  cert_file: path,
  master_url: path,
  master_rest_url: path,
});

/** Where the values of a client's configuration come from; of each, the first place that has it counts. */
export interface ClientConfigurationSources {
  /** Options of the command line. */
  readonly options?: z.input<typeof consoleSectionSchema> | undefined;
  /** Section `[slapconsole]`. */
  readonly slapconsole?: z.input<typeof consoleSectionSchema> | undefined;
  /** Section `[slapos]`. */
  readonly slapos?: z.input<typeof clientSectionSchema> | undefined;
  /** What `~` at the start of a path stands for. Default: the home folder of the user. */
  readonly homeDirectory?: string | undefined;
}

/**
 * The options of a client from the values of slapos-client.cfg (spec: slap-client §10). The certificate and its key are
 * taken together from one place.
 * @throws SlapError `SLAP_INVALID_ARGUMENT` naming the missing or wrong key.
 */
export function clientOptionsFromConfiguration(sources: ClientConfigurationSources): SlapClientOptions {
  const options = checked(consoleSectionSchema, sources.options ?? {}, 'the command line');
  const slapconsole = checked(consoleSectionSchema, sources.slapconsole ?? {}, 'section [slapconsole]');
  const slapos = checked(clientSectionSchema, sources.slapos ?? {}, 'section [slapos]');
  const first = (name: 'master_url' | 'master_rest_url') =>
    nonEmpty(options[name]) ?? nonEmpty(slapconsole[name]) ?? nonEmpty(slapos[name]);
  const expand = (file: string | undefined) => expandHome(nonEmpty(file), sources.homeDirectory ?? homedir());
  const keyed = [options, slapconsole, slapos].find((place) => nonEmpty(place.key_file) ?? nonEmpty(place.cert_file));
  const masterUrl = first('master_url');
  if (masterUrl === undefined) {
    throw new SlapError('SLAP_INVALID_ARGUMENT', "No option 'master_url'", {
      hint: 'Set master_url in section [slapos] of slapos-client.cfg.',
    });
  }
  const keyFile = expand(keyed?.key_file);
  const certFile = expand(keyed?.cert_file);
  if (masterUrl.startsWith('https:') && (keyFile === undefined || certFile === undefined)) {
    throw new SlapError('SLAP_INVALID_ARGUMENT', "No option 'key_file' and/or 'cert_file'", {
      hint: 'A master over https wants a client certificate: set both in section [slapos] of slapos-client.cfg.',
    });
  }
  return {
    masterUrl,
    masterRestUrl: first('master_rest_url'),
    keyFile,
    certFile,
    masterCaFile: expand(slapos.master_ca_file),
    insecure: slapos.master_insecure ?? false,
  };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const text = `A value of ${place} is not valid: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`;
  throw new SlapError('SLAP_INVALID_ARGUMENT', text, { cause: result.error });
}

function expandHome(file: string | undefined, homeDirectory: string): string | undefined {
  if (file === '~') return homeDirectory;
  return file?.startsWith('~/') === true ? join(homeDirectory, file.slice(2)) : file;
}

/** The short names of the console, bound to one client (spec: slap-client §10). */
export interface SlapConsole {
  readonly slap: SlapClient;
  /** The software products; `product.get('kvm')`. */
  readonly product: SoftwareProductCollection;
  /** `OpenOrder.request`; a release `product.NAME` stands for the best release of that product. */
  request(request: InstanceRequest, options?: CallOptions): Promise<ComputerPartition | NotReady>;
  /** `Supply.supply`; a release `product.NAME` stands for the best release of that product. */
  supply(
    supply: { softwareReleaseUrl: string; computerId?: string | null | undefined; state?: string | undefined },
    options?: CallOptions,
  ): Promise<void>;
  /** `OpenOrder.getInformation`. */
  getInformation(partitionReference: string, options?: CallOptions): Promise<InstanceInformation>;
}

const PRODUCT_PREFIX = 'product.';

/** Gives the short names of the console to a client; nothing is sent. */
export function createSlapConsole(slap: SlapClient): SlapConsole {
  const product = slap.registerSoftwareProducts();
  const resolve = async <T extends { softwareReleaseUrl: string }>(wanted: T, options?: CallOptions): Promise<T> => {
    if (!wanted.softwareReleaseUrl.startsWith(PRODUCT_PREFIX)) return wanted;
    const softwareReleaseUrl = await product.get(wanted.softwareReleaseUrl.slice(PRODUCT_PREFIX.length), options);
    return { ...wanted, softwareReleaseUrl };
  };
  return {
    slap,
    product,
    request: async (request, options) => slap.registerOpenOrder().request(await resolve(request, options), options),
    supply: async (supply, options) => slap.registerSupply().supply(await resolve(supply, options), options),
    getInformation: (partitionReference, options) =>
      slap.registerOpenOrder().getInformation(partitionReference, options),
  };
}
