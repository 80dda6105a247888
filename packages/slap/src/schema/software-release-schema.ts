import type { AnySchemaObject } from 'ajv';
import { z } from 'zod';

import { SlapError } from '../errors.js';
import { type Logger, silentLogger } from '../logger.js';
import { formatProblems, type ParameterProblem, problemsOf } from './error-text.js';
import { createSchemaReader, isPlainPath, type SchemaReader } from './schema-reader.js';
import { deserialiseParameters, type Serialisation } from './serialisation.js';
import { compileSchema } from './validator.js';

const DEFAULT_TYPE = 'default';
const OLD_DEFAULT_TYPE = 'RootSoftwareInstance';

const entrySchema = z.looseObject({
  title: z.string().optional(),
  description: z.string().optional(),
  serialisation: z.unknown().optional(),
  request: z.string().optional(),
  response: z.string().optional(),
  shared: z.boolean().optional(),
  'software-type': z.string().optional(),
  index: z.number().optional(),
});

const descriptionSchema = z.looseObject({
  name: z.string().optional(),
  description: z.string().optional(),
  serialisation: z.unknown().optional(),
  'software-type': z.record(z.string(), entrySchema),
});

/** The description of a Software Release that lies beside its profile (spec: slap-client §9). */
export type SoftwareReleaseDescriptionDocument = z.output<typeof descriptionSchema>;

/** What the description says of one software type. */
export type SoftwareTypeEntry = z.output<typeof entrySchema>;

/** What the check of parameters found. */
export interface ParameterCheck {
  /** `unchecked` where there is no description, type or schema to check against. */
  readonly outcome: 'valid' | 'invalid' | 'unchecked';
  readonly problems: readonly ParameterProblem[];
}

/** Which description to read, and how. */
export interface SoftwareReleaseSchemaOptions {
  /** URL or plain path of the profile. */
  readonly softwareReleaseUrl: string;
  /** Default `default`. */
  readonly softwareType?: string | null | undefined;
  /** Whether it is about a shared instance. Default false. */
  readonly shared?: boolean | undefined;
  /** Default: {@link createSchemaReader}. */
  readonly reader?: SchemaReader | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * The description of a Software Release: which parameters a software type takes, what it publishes, and how both travel
 * (spec: slap-client §9). Every document is read once. What cannot be read is a warning, and then nothing is checked:
 * a description never stands in the way of a request.
 */
export class SoftwareReleaseSchema {
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly #shared: boolean;
  readonly #reader: SchemaReader;
  readonly #logger: Logger;
  readonly #documents = new Map<string, Promise<unknown>>();

  constructor(options: SoftwareReleaseSchemaOptions) {
    const { softwareType } = options;
    const isDefault =
      softwareType === null || softwareType === undefined || ['', OLD_DEFAULT_TYPE].includes(softwareType);
    this.softwareReleaseUrl = options.softwareReleaseUrl;
    this.softwareType = isDefault ? DEFAULT_TYPE : softwareType;
    this.#shared = options.shared ?? false;
    this.#reader = options.reader ?? createSchemaReader();
    this.#logger = options.logger ?? silentLogger;
  }

  /** The description; undefined when there is none that can be read. */
  async getSoftwareSchema(): Promise<SoftwareReleaseDescriptionDocument | undefined> {
    const url = `${this.softwareReleaseUrl}.json`;
    const document = await this.#read(url);
    if (document === undefined) return undefined;
    const parsed = descriptionSchema.safeParse(document);
    if (parsed.success) return parsed.data;
    this.#logger.warn('The description of a Software Release is not as expected.', { url, error: parsed.error });
    return undefined;
  }

  /** What the description says of the software type; undefined for an unknown one. */
  async getSoftwareTypeSchema(): Promise<SoftwareTypeEntry | undefined> {
    const description = await this.getSoftwareSchema();
    if (description === undefined) return undefined;
    const entry = chooseEntry(description['software-type'], this.softwareType, this.#shared);
    if (entry === undefined) {
      this.#logger.warn('The description of a Software Release does not know the software type.', {
        softwareReleaseUrl: this.softwareReleaseUrl,
        softwareType: this.softwareType,
      });
    }
    return entry;
  }

  /**
   * How parameters travel; `json-in-xml` where the description does not say.
   * @throws SlapError `SLAP_SCHEMA_UNUSABLE` when it does not say and `strict` is set.
   */
  async getSerialisation(options: { strict?: boolean | undefined } = {}): Promise<Serialisation> {
    const entry = await this.getSoftwareTypeSchema();
    const said = entry?.serialisation ?? (await this.getSoftwareSchema())?.serialisation;
    if (said === 'xml' || said === 'json-in-xml') return said;
    if (options.strict === true) {
      const text = `The description of ${this.softwareReleaseUrl} does not say how parameters are serialised.`;
      throw new SlapError('SLAP_SCHEMA_UNUSABLE', text, {
        hint: 'Its "serialisation" must be "xml" or "json-in-xml".',
      });
    }
    this.#logger.warn('The description of a Software Release does not say how parameters are serialised.', {
      softwareReleaseUrl: this.softwareReleaseUrl,
      assumed: 'json-in-xml',
    });
    return 'json-in-xml';
  }

  /** The URL of the schema of the parameters; undefined where the type or its schema is unknown. */
  async getInstanceRequestParameterSchemaUrl(): Promise<string | undefined> {
    return this.#join((await this.getSoftwareTypeSchema())?.request);
  }

  /** The URL of the schema of what an instance publishes; undefined where the type or its schema is unknown. */
  async getInstanceConnectionParameterSchemaUrl(): Promise<string | undefined> {
    return this.#join((await this.getSoftwareTypeSchema())?.response);
  }

  /** The schema of the parameters, with its URL as `$id` when it has none; undefined when there is none. */
  async getInstanceRequestParameterSchema(): Promise<AnySchemaObject | undefined> {
    return this.#schemaAt(await this.getInstanceRequestParameterSchemaUrl());
  }

  /** The schema of what an instance publishes, with its URL as `$id` when it has none; undefined when there is none. */
  async getInstanceConnectionParameterSchema(): Promise<AnySchemaObject | undefined> {
    return this.#schemaAt(await this.getInstanceConnectionParameterSchemaUrl());
  }

  /**
   * Checks parameters, in the form in which they are sent or not. Finds all problems; never throws for them.
   * @throws SlapError `SLAP_PARAMETERS_INVALID` when `_` is not JSON.
   */
  async checkInstanceParameters(parameters: Readonly<Record<string, unknown>>): Promise<ParameterCheck> {
    const schema = await this.getInstanceRequestParameterSchema();
    if (schema === undefined) return { outcome: 'unchecked', problems: [] };
    const serialisation = await this.getSerialisation();
    const { $schema: _ignored, ...instance } = deserialiseParameters(parameters, serialisation);
    try {
      const validate = await compileSchema(schema, this.#read.bind(this), { useDefaults: false });
      const isValid = validate(instance);
      return { outcome: isValid ? 'valid' : 'invalid', problems: isValid ? [] : problemsOf(validate.errors ?? []) };
    } catch (error) {
      this.#logger.warn('The parameters are not checked.', { softwareReleaseUrl: this.softwareReleaseUrl, error });
      return { outcome: 'unchecked', problems: [] };
    }
  }

  /**
   * Like {@link checkInstanceParameters}, for those who want an error.
   * @throws SlapError `SLAP_PARAMETERS_INVALID`, its message one line for each problem: `$.port: '1' is not of type 'integer'`.
   */
  async validateInstanceParameters(parameters: Readonly<Record<string, unknown>>): Promise<void> {
    const { problems } = await this.checkInstanceParameters(parameters);
    if (problems.length > 0) throw new SlapError('SLAP_PARAMETERS_INVALID', formatProblems(problems));
  }

  /** The parameters, not serialised, with the defaults of the schema filled in. The given ones stay untouched. */
  async withDefaults(parameters: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const filled = structuredClone(parameters) as Record<string, unknown>;
    const schema = await this.getInstanceRequestParameterSchema();
    if (schema !== undefined) (await compileSchema(schema, this.#read.bind(this), { useDefaults: true }))(filled);
    return filled;
  }

  #join(reference: string | undefined): string | undefined {
    if (reference === undefined) return undefined;
    if (!isPlainPath(this.softwareReleaseUrl)) return new URL(reference, this.softwareReleaseUrl).href;
    if (!isPlainPath(reference) || reference.startsWith('/')) return reference;
    return this.softwareReleaseUrl.slice(0, this.softwareReleaseUrl.lastIndexOf('/') + 1) + reference;
  }

  async #schemaAt(url: string | undefined): Promise<AnySchemaObject | undefined> {
    const document = url === undefined ? undefined : await this.#read(url);
    if (url === undefined || document === undefined) return undefined;
    if (typeof document !== 'object' || document === null || Array.isArray(document)) {
      this.#logger.warn('A parameter schema is not a JSON object.', { url });
      return undefined;
    }
    const schema = document as AnySchemaObject;
    const idName = String(schema.$schema).startsWith('http://json-schema.org/draft-04/') ? 'id' : '$id';
    return { ...schema, [idName]: (schema[idName] as unknown) ?? (isPlainPath(url) ? `file:${url}` : url) };
  }

  async #read(url: string): Promise<unknown> {
    // A relative `$ref` of a schema with a `file:` id leads to the file system.
    const address = url.startsWith('file:') && !url.startsWith('file://') ? url.slice('file:'.length) : url;
    let document = this.#documents.get(address);
    if (document === undefined) {
      document = this.#reader(address).catch((error: unknown) => {
        // The sentence that scripts look for (spec: cli §4.2).
        const reason = error instanceof Error ? error.message : String(error);
        this.#logger.warn(reason, { url });
        return undefined;
      });
      this.#documents.set(address, document);
    }
    return document;
  }
}

/** An entry's key may be a label, its real type in `software-type`; the same type may have an entry for shared instances. */
function chooseEntry(
  entries: Readonly<Record<string, SoftwareTypeEntry>>,
  softwareType: string,
  shared: boolean,
): SoftwareTypeEntry | undefined {
  const ofType = Object.entries(entries).filter(([key, entry]) => (entry['software-type'] ?? key) === softwareType);
  const fitting = ofType.find(([, entry]) => (entry.shared ?? false) === shared);
  if (fitting !== undefined) return fitting[1];
  return Object.hasOwn(entries, softwareType) ? entries[softwareType] : ofType[0]?.[1];
}
