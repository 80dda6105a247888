import { z } from 'zod';

import { SlapError } from '../errors.js';
import { emptyRecord, type PlainRecord } from '../wire/values.js';
import { statusError } from './http-errors.js';
import type { HttpTransport } from './http-transport.js';
import type { CallOptions } from './slap-connection.js';
import { expandTemplate } from './uri-template.js';

const DEFAULT_LIMIT = 40;
const VIEW = 'slaposjs_view';
const ME_PREFIX = 'urn:jio:get:';
const NO_DATA = '#error no data found';

const linkSchema = z.object({ href: z.string() });
const rootSchema = z.object({
  _links: z.object({
    raw_search: linkSchema,
    traverse: linkSchema,
    self: linkSchema.optional(),
    me: linkSchema.optional(),
  }),
});
const rowSchema = z.record(z.string(), z.unknown());
const searchSchema = z.object({ _embedded: z.object({ contents: z.array(rowSchema) }) });
const documentSchema = z.looseObject({
  _links: z
    .looseObject({
      type: z.looseObject({ name: z.string().optional() }).optional(),
      parent: z.looseObject({ href: z.string().optional() }).optional(),
    })
    .optional(),
  _embedded: z.looseObject({ _view: z.record(z.string(), z.unknown()).optional() }).optional(),
});
const fieldSchema = z.looseObject({ type: z.string().optional(), default: z.unknown(), key: z.unknown() });
const tokenSchema = z.object({ access_token: z.string() });

const SHOWN_FIELD_TYPES: ReadonlySet<string> = new Set([
  'StringField',
  'EmailField',
  'IntegerField',
  'FloatField',
  'TextAreaField',
]);

/** A row of a search: the columns that were asked for. */
export type HateoasRow = Readonly<Record<string, unknown>>;

/** A document of the master, flattened to its fields. */
export interface HateoasDocument {
  readonly data: Readonly<PlainRecord>;
  /** By field: its value and the key under which a form would send it. */
  readonly formData: Readonly<Record<string, { readonly default: unknown; readonly key: unknown }>>;
}

/**
 * Reads the master's documents over its hateoas interface; the root document is fetched once (spec: slap-client §8).
 * All methods reject with `SLAP_NOT_FOUND`, `SLAP_INVALID_DOCUMENT` or the errors of the transport.
 */
export class HateoasNavigator {
  readonly url: string;
  readonly #transport: HttpTransport;
  #root: Promise<z.output<typeof rootSchema>['_links']> | undefined;

  /** @internal Made by the client; nothing is sent. */
  constructor(transport: HttpTransport, url: string) {
    this.#transport = transport;
    this.url = url;
  }

  /** Searches the master's documents; 40 rows unless said otherwise. */
  async search(
    search: { query: string; select: readonly string[]; limit?: number | undefined },
    options: CallOptions = {},
  ): Promise<HateoasRow[]> {
    const { raw_search: link } = await this.#links(options);
    const values = { query: search.query, select_list: search.select, limit: search.limit ?? DEFAULT_LIMIT };
    const answer = await this.#getJson(searchSchema, expandTemplate(link.href, values), options);
    return answer._embedded.contents;
  }

  /** All rows of a search, asking again with a larger limit while the master has more. */
  async *searchAll(
    search: { query: string; select: readonly string[]; pageSize?: number | undefined },
    options: CallOptions = {},
  ): AsyncGenerator<HateoasRow> {
    let seen = 0;
    for (let limit = search.pageSize ?? DEFAULT_LIMIT; ; limit *= 4) {
      const rows = await this.search({ ...search, limit }, options);
      yield* rows.slice(seen);
      // A master that does not know limits sends everything at once; one that sends no more than before has no more.
      if (rows.length < limit || rows.length <= seen || rows.length > limit) return;
      seen = rows.length;
    }
  }

  /** The document of a key (a relative URL), flattened. */
  async get(key: string, options: CallOptions = {}): Promise<HateoasDocument> {
    return flatten(await this.#getJson(documentSchema, await this.#traverse(key, options), options));
  }

  /** The document of a key as it is, or what a URL below the hateoas URL gives. */
  async getAttachment(key: string, options: CallOptions = {}): Promise<PlainRecord> {
    const url = key.startsWith(this.url) ? key : await this.#traverse(key, options);
    return this.#getJson(rowSchema, url, options);
  }

  /** The user's own document. */
  async getMeDocument(options: CallOptions = {}): Promise<HateoasDocument> {
    const { me } = await this.#links(options);
    if (me?.href.startsWith(ME_PREFIX) !== true) throw notFound('The master does not say who asks.');
    return this.get(me.href.slice(ME_PREFIX.length), options);
  }

  /** The instance trees of the user by title. */
  async getInstanceTreeDict(title?: string, options: CallOptions = {}): Promise<Record<string, PlainRecord>> {
    const named = title === undefined ? '' : ` AND title:=${quoted(title)}`;
    const query = `portal_type:"Instance Tree" AND validation_state:validated${named}`;
    return byTitle(await this.search({ query, select: ['title', 'url_string'] }, options));
  }

  /** The computers of the user by title. */
  async getComputerDict(options: CallOptions = {}): Promise<Record<string, PlainRecord>> {
    const query = 'portal_type:"Compute Node" AND validation_state:validated';
    return byTitle(await this.search({ query, select: ['title', 'reference'] }, options));
  }

  /** The fields of an instance tree's document. */
  async getInstanceTreeRootSoftwareInstanceInformation(title: string, options: CallOptions = {}): Promise<PlainRecord> {
    const query = `portal_type:"Instance Tree" AND validation_state:validated AND title:=${quoted(title)}`;
    const rows = await this.search({ query, select: ['title', 'relative_url'] }, options);
    return this.#only(rows, 'title', title, 'This document does not exist.', options);
  }

  /** The fields of a computer's document. */
  async getComputerInformation(computerId: string, options: CallOptions = {}): Promise<PlainRecord> {
    const query = `portal_type:"Compute Node" AND validation_state:validated AND reference:=${quoted(computerId)}`;
    const rows = await this.search({ query, select: ['reference', 'relative_url'] }, options);
    return this.#only(rows, 'reference', computerId, 'This computer does not exist.', options);
  }

  /** All instances of an instance tree, shared ones included. */
  async getInstanceTreeInstanceList(title: string, options: CallOptions = {}): Promise<HateoasRow[]> {
    const query = `portal_type:("Software Instance", "Slave Instance") AND validation_state:validated AND default_specialise_title:=${quoted(title)}`;
    const select = ['uid', 'title', 'relative_url', 'portal_type', 'url_string', 'text_content'];
    return this.search(
      { query, select: [...select, 'getConnectionXmlAsDict', 'SoftwareInstance_getNewsDict'] },
      options,
    );
  }

  /** The Software Releases that computers of the user are supplied with. */
  async getSoftwareInstallationList(computerId?: string, options: CallOptions = {}): Promise<HateoasRow[]> {
    const named = computerId === undefined ? '' : ` AND default_aggregate_reference:=${quoted(computerId)}`;
    const query = `portal_type:"Software Installation" AND validation_state:validated${named}`;
    const select = ['uid', 'relative_url', 'url_string', 'SoftwareInstallation_getNewsDict'];
    return this.search({ query, select }, options);
  }

  /** A token with which a new computer may register. */
  async getToken(options: CallOptions = {}): Promise<string> {
    const { self } = await this.#links(options);
    const base = (self?.href ?? this.url).replace(/\/$/, '');
    const answer = await this.#getJson(tokenSchema, `${base}/computer_module/Base_getComputerToken`, options);
    return answer.access_token;
  }

  /** The last news of a computer. */
  async getComputerNews(computerId: string, options: CallOptions = {}): Promise<string> {
    return textAt(await this.getComputerInformation(computerId, options), ['news', 'computer', 'text']);
  }

  /** The last news of a partition. */
  async getComputerPartitionNews(computerId: string, partitionId: string, options: CallOptions = {}): Promise<string> {
    const information = await this.getComputerInformation(computerId, options);
    return textAt(information, ['news', 'partition', partitionId, 'text'], ['news', 'partition', partitionId]);
  }

  /** The last news of a Software Release on a computer. */
  async getSoftwareInstallationNews(
    computerId: string,
    softwareReleaseUrl: string,
    options: CallOptions = {},
  ): Promise<string> {
    const rows = await this.getSoftwareInstallationList(computerId, options);
    const row = rows.find((candidate) => candidate['url_string'] === softwareReleaseUrl);
    return textAt(row ?? {}, ['SoftwareInstallation_getNewsDict', 'text']);
  }

  /** The news of an instance, by the key of its document. */
  async getInstanceNews(key: string, options: CallOptions = {}): Promise<unknown> {
    return (await this.get(key, options)).data['news'] ?? null;
  }

  async #only(
    rows: HateoasRow[],
    column: string,
    wanted: string,
    missing: string,
    options: CallOptions,
  ): Promise<PlainRecord> {
    const matching = rows.filter((row) => row[column] === wanted);
    const [row] = matching;
    if (row === undefined) throw notFound(missing);
    const key = row['relative_url'];
    if (matching.length > 1 || typeof key !== 'string') {
      throw new SlapError(
        'SLAP_INVALID_DOCUMENT',
        `The master has ${matching.length} documents for ${JSON.stringify(wanted)}.`,
      );
    }
    return (await this.get(key, options)).data;
  }

  async #traverse(key: string, options: CallOptions): Promise<string> {
    const { traverse } = await this.#links(options);
    return expandTemplate(traverse.href, { relative_url: key, view: VIEW });
  }

  async #links(options: CallOptions): Promise<z.output<typeof rootSchema>['_links']> {
    this.#root ??= this.#getJson(rootSchema, this.url, options, { 'cache-control': 'no-cache' }).then(
      ({ _links }) => _links,
    );
    try {
      return await this.#root;
    } catch (error) {
      this.#root = undefined; // A failure is not kept.
      throw error;
    }
  }

  async #getJson<T>(
    schema: z.ZodType<T>,
    address: string,
    options: CallOptions,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const url = new URL(address, this.url);
    // The navigator's identity goes to no other host, whatever a document says.
    if (url.origin !== new URL(this.url).origin) {
      throw new SlapError('SLAP_INVALID_DOCUMENT', `A hateoas document leads to another host: ${url.origin}.`);
    }
    const answer = await this.#transport.send({ method: 'GET', url, headers, signal: options.signal });
    const failure = statusError('GET', url, answer);
    if (failure !== undefined) throw failure;
    try {
      return schema.parse(JSON.parse(answer.text()));
    } catch (cause) {
      const text = `The master answered ${url.origin}${url.pathname} with something else than the hateoas document expected.`;
      throw new SlapError('SLAP_INVALID_DOCUMENT', text, { cause, hint: 'Check master_rest_url.' });
    }
  }
}

function notFound(text: string): SlapError {
  return new SlapError('SLAP_NOT_FOUND', text);
}

/** A text in a query stands between double quotes, and masters know no escape for one inside. */
function quoted(value: string): string {
  if (!/["\\]/.test(value)) return `"${value}"`;
  throw new SlapError(
    'SLAP_INVALID_ARGUMENT',
    `A title with a quote or backslash cannot be searched for: ${JSON.stringify(value)}.`,
  );
}

function byTitle(rows: readonly HateoasRow[]): Record<string, PlainRecord> {
  const result = Object.create(null) as Record<string, PlainRecord>;
  for (const row of rows) {
    const { _links: _ignored, ...columns } = row;
    if (typeof columns['title'] === 'string') result[columns['title']] = Object.assign(emptyRecord(), columns);
  }
  return result;
}

function textAt(value: unknown, ...paths: (readonly string[])[]): string {
  for (const path of paths) {
    const found = path.reduce<unknown>(
      (current, name) => (typeof current === 'object' && current !== null ? (current as PlainRecord)[name] : undefined),
      value,
    );
    if (typeof found === 'string') return found;
  }
  return NO_DATA;
}

/** The fields of a form, as the original flattens them (spec: slap-client §8). */
function flatten(document: z.output<typeof documentSchema>): HateoasDocument {
  const data = emptyRecord();
  const formData = Object.create(null) as Record<string, { default: unknown; key: unknown }>;
  if (document._links?.type?.name !== undefined) data['portal_type'] = document._links.type.name;
  const parent = document._links?.parent?.href;
  if (parent !== undefined) data['parent_relative_url'] = parent.split('/').slice(-2).join('/');
  for (const [fieldName, raw] of Object.entries(document._embedded?._view ?? {})) {
    const field = fieldSchema.safeParse(raw);
    if (!field.success) continue;
    if (fieldName === 'form_id') formData['form_id'] = { key: [field.data.key], default: field.data.default ?? null };
    const name = /^(?:my|your)_(.+)$/s.exec(fieldName)?.[1];
    if (name === undefined || !SHOWN_FIELD_TYPES.has(field.data.type ?? '')) continue;
    data[name] = field.data.default ?? null;
    formData[name] = { default: field.data.default ?? null, key: field.data.key };
  }
  return { data, formData };
}
