import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  createSchemaReader,
  deserialiseParameters,
  isSlapError,
  type Logger,
  type SchemaReader,
  serialiseParameters,
  SoftwareReleaseSchema,
} from '@slapos/slap';

import { ProxyError } from '../errors.js';
import type { PanelCheck, PanelSchema } from './panel-documents.js';

const TIMEOUT_MS = 10_000;
/** What follows it in the URL of a release is looked for among the public files first (spec: proxy §10). */
const SOFTWARE_FOLDER = '/software/';

/** Which parameters are asked about. */
export interface SchemaQuestion {
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly isShared: boolean;
}

/** Where schemas are looked for. */
export interface SchemaPlaces {
  readonly publicDirectory?: string | undefined;
  readonly localSoftwareReleaseRoot: string;
}

/**
 * The descriptions of Software Releases, for the forms of the panel. A release leads to documents that are at home where it is itself: of the
 * same server, or of the same folder and the root of local releases. What lies elsewhere cannot be read through the proxy.
 */
export class ReleaseSchemas {
  readonly #places: SchemaPlaces;
  readonly #logger: Logger;

  constructor(places: SchemaPlaces, logger: Logger) {
    this.#places = places;
    this.#logger = logger;
  }

  /** What the release says of its parameters; without types when it has no description. */
  async describe(question: SchemaQuestion): Promise<PanelSchema> {
    const release = this.#open(question);
    const description = await release.getSoftwareSchema();
    if (description === undefined) return { types: [], serialisation: 'xml' };
    const schema = await release.getInstanceRequestParameterSchema();
    return {
      types: Object.entries(description['software-type']).map(([key, entry]) => ({
        type: entry['software-type'] ?? key,
        title: entry.title ?? key,
        description: entry.description ?? '',
        isShared: entry.shared ?? false,
      })),
      serialisation: await release.getSerialisation(),
      ...(schema === undefined ? {} : { schema }),
    };
  }

  /**
   * Checks parameters as `slapos request` does.
   * @param serialisation how they travel where the release does not say
   * @throws ProxyError `PROXY_INVALID_REQUEST` when they cannot be sent in that way.
   */
  async check(
    question: SchemaQuestion,
    parameters: Readonly<Record<string, unknown>>,
    serialisation: 'xml' | 'json-in-xml',
  ): Promise<PanelCheck> {
    const release = this.#open(question);
    try {
      const isDescribed = (await release.getSoftwareSchema()) !== undefined;
      const { problems } = await release.checkInstanceParameters(parameters);
      const way = isDescribed ? await release.getSerialisation() : serialisation;
      const sent = serialiseParameters(deserialiseParameters(parameters, way), way);
      return { problems: problems.map(({ path, message }) => ({ path, message })), parameters: sent };
    } catch (error) {
      if (!isSlapError(error)) throw error;
      throw new ProxyError('PROXY_INVALID_REQUEST', error.message, { cause: error });
    }
  }

  #open({ softwareReleaseUrl, softwareType, isShared }: SchemaQuestion): SoftwareReleaseSchema {
    return new SoftwareReleaseSchema({
      softwareReleaseUrl,
      softwareType,
      shared: isShared,
      reader: this.#readerFor(softwareReleaseUrl),
      logger: this.#logger,
    });
  }

  #readerFor(softwareReleaseUrl: string): SchemaReader {
    const read = createSchemaReader({ timeoutMs: TIMEOUT_MS });
    const { publicDirectory, localSoftwareReleaseRoot } = this.#places;
    return async (url) => {
      const at = url.indexOf(SOFTWARE_FOLDER);
      if (publicDirectory !== undefined && at !== -1) {
        const path = await pathBelow([publicDirectory], join(publicDirectory, url.slice(at + SOFTWARE_FOLDER.length)));
        if (path !== undefined) return read(path);
      }
      if (isHttp(url)) {
        if (!isHttp(softwareReleaseUrl) || new URL(url).origin !== new URL(softwareReleaseUrl).origin)
          throw elsewhere(url);
        return read(url);
      }
      const own = localPath(softwareReleaseUrl);
      const wanted = localPath(url);
      if (own === undefined || wanted === undefined) throw elsewhere(url);
      // `/` would be no bound at all.
      const roots = localSoftwareReleaseRoot === sep ? [dirname(own)] : [dirname(own), localSoftwareReleaseRoot];
      const path = await pathBelow(roots, wanted);
      if (path === undefined) throw elsewhere(url);
      return read(path);
    };
  }
}

function isHttp(url: string): boolean {
  return /^https?:/.test(url);
}

function localPath(url: string): string | undefined {
  if (url.startsWith('file:')) return fileURLToPath(url);
  return isAbsolute(url) ? url : undefined;
}

function elsewhere(url: string): ProxyError {
  return new ProxyError('PROXY_FORBIDDEN', `${url} is not where its Software Release is, or not there at all`);
}

/** Where the path really leads, when that is in one of the folders. */
async function pathBelow(folders: readonly string[], path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    for (const folder of folders) if (real.startsWith((await realpath(folder)) + sep)) return real;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return undefined;
}
