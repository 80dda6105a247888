import { z } from 'zod';

import { SlapError } from '../errors.js';
import { readParameterXml } from '../wire/parameter-xml.js';
import { plainDictionary } from '../wire/schemas.js';
import { emptyRecord, MarshalObject, type MarshalValue, type PlainRecord, toPlain } from '../wire/values.js';

/** A Software Release that a computer is supplied with. */
export interface SoftwareReleaseInformation {
  readonly url: string;
  readonly computerId: string;
  /** `available` or `destroyed`; `available` where the master says nothing. */
  readonly requestedState: string;
}

/** A partition as the master wants it. Optional fields are absent where the master said nothing. */
export interface PartitionInformation {
  readonly computerId: string;
  readonly partitionId: string;
  readonly instanceGuid?: string;
  /** `started`, `stopped`, `destroyed`. */
  readonly requestedState?: string;
  /** Absent for a free partition. */
  readonly softwareReleaseUrl?: string;
  readonly softwareType?: string;
  readonly instanceTitle?: string;
  readonly rootInstanceTitle?: string;
  /** The text of the time stamp, verbatim: only whether it changed has a meaning. */
  readonly timestamp?: string;
  /** The instance's own parameters, without those that the master adds. */
  readonly instanceParameters: Readonly<Record<string, unknown>>;
  readonly connectionParameters: Readonly<Record<string, unknown>>;
  /** Pairs of network interface and address. */
  readonly ipList: readonly (readonly [string, string])[];
  /** Interface, address, gateway, netmask, network. */
  readonly fullIpList: readonly (readonly string[])[];
  readonly filter: Readonly<Record<string, unknown>>;
  readonly accessStatus?: string;
  /** One record for each shared instance (slave) that the partition hosts. */
  readonly sharedInstances: readonly Readonly<Record<string, unknown>>[];
}

/** All that a master asks of a computer. */
export interface ComputerInformation {
  readonly computerId: string;
  readonly softwareReleases: readonly SoftwareReleaseInformation[];
  /** In the master's order, free partitions included. */
  readonly partitions: readonly PartitionInformation[];
}

const text = z.string();
const textOrNumber = z.union([z.string(), z.number(), z.bigint()]);
const dictionary = plainDictionary;
// No transformations here: a computer may have ten thousand partitions.
const optional = <T>(schema: z.ZodType<T>) => schema.nullish();

const partitionIdSchema = text.regex(/^[^/\0]+$/, 'a name without a slash').refine((id) => id !== '.' && id !== '..', {
  message: 'a name that is not a folder of the file system',
});

/** Keys that masters add to an instance's own parameters (spec: marshal §5). */
const addedParametersSchema = z.object({
  ip_list: optional(z.array(z.tuple([text, text]).rest(z.unknown()))),
  full_ip_list: optional(z.array(z.array(text))),
  full_address_list: z.unknown().optional(),
  slap_software_type: optional(text),
  slap_software_release_url: optional(text),
  slap_computer_id: z.unknown().optional(),
  slap_computer_partition_id: z.unknown().optional(),
  instance_title: optional(text),
  root_instance_title: optional(text),
  root_instance_short_title: z.unknown().optional(),
  slave_instance_list: optional(z.array(dictionary)),
  timestamp: optional(textOrNumber),
});

const ADDED_PARAMETERS: ReadonlySet<string> = new Set(Object.keys(addedParametersSchema.shape));

const releaseAttributesSchema = z.object({
  _software_release: text,
  _computer_guid: optional(text),
  _requested_state: optional(text),
});

const partitionAttributesSchema = z.object({
  _computer_id: text,
  _partition_id: partitionIdSchema,
  _instance_guid: optional(text),
  _requested_state: optional(text),
  _software_release_document: optional(z.object({ _software_release: text })),
  _parameter_dict: optional(dictionary),
  _connection_dict: optional(dictionary),
  connection_xml: optional(text),
  _filter_dict: optional(dictionary),
  _access_status: optional(z.union([text, dictionary])),
});

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  throw new SlapError(
    'SLAP_INVALID_DOCUMENT',
    `${what} is not as expected at ${place || 'its top'}: ${issue?.message ?? ''}.`,
    {
      cause: result.error,
    },
  );
}

/** The attributes of an object as plain data, over those that its constructor arguments stand for. */
function attributesOf(object: MarshalObject, names: readonly string[]): PlainRecord {
  const record = emptyRecord();
  names.forEach((name, index) => {
    const value = object.initArguments[index];
    if (value !== undefined) record[name] = toPlain(value);
  });
  for (const [name, value] of object.attributes) record[name] = toPlain(value);
  return record;
}

function objectsIn(value: unknown, className: string, what: string): MarshalObject[] {
  if (value === undefined || value === null) return [];
  const items: unknown = Array.isArray(value) ? value : undefined;
  if (!Array.isArray(items) || !items.every((item) => item instanceof MarshalObject && item.className === className)) {
    throw new SlapError('SLAP_INVALID_DOCUMENT', `${what} is not a list of ${className} objects.`);
  }
  return items as MarshalObject[];
}

/** Reads a Software Release of a computer's document. */
export function readReleaseInformation(object: MarshalObject, computerId: string): SoftwareReleaseInformation {
  const attributes = parse(
    releaseAttributesSchema,
    attributesOf(object, ['_software_release', '_computer_guid']),
    `A Software Release of computer ${JSON.stringify(computerId)}`,
  );
  return {
    url: attributes._software_release,
    computerId: attributes._computer_guid ?? computerId,
    requestedState: attributes._requested_state ?? 'available',
  };
}

/** Reads a partition, of a computer's document or alone (spec: marshal §5). */
export function readPartitionInformation(object: MarshalObject): PartitionInformation {
  const raw = attributesOf(object, ['_computer_id', '_partition_id', '_request_dict']);
  const what = `Partition ${JSON.stringify(raw['_partition_id'] ?? null)}`;
  const attributes = parse(partitionAttributesSchema, raw, what);
  const parameters = attributes._parameter_dict ?? {};
  const added = parse(addedParametersSchema, parameters, `The parameters of ${what}`);
  const instanceParameters = emptyRecord();
  for (const [name, value] of Object.entries(parameters))
    if (!ADDED_PARAMETERS.has(name)) instanceParameters[name] = value;
  return {
    computerId: attributes._computer_id,
    partitionId: attributes._partition_id,
    ...given('instanceGuid', attributes._instance_guid),
    ...given('requestedState', attributes._requested_state),
    ...given(
      'softwareReleaseUrl',
      attributes._software_release_document?._software_release ?? added.slap_software_release_url,
    ),
    ...given('softwareType', added.slap_software_type),
    ...given('instanceTitle', added.instance_title),
    ...given('rootInstanceTitle', added.root_instance_title),
    ...given('timestamp', textOf(added.timestamp)),
    instanceParameters,
    connectionParameters: attributes._connection_dict ?? connectionFromXml(attributes.connection_xml),
    ipList: (added.ip_list ?? []).map(([network, address]) => [network, address] as const),
    fullIpList: added.full_ip_list ?? [],
    filter: attributes._filter_dict ?? emptyRecord(),
    ...given('accessStatus', accessStatusText(attributes._access_status)),
    sharedInstances: added.slave_instance_list ?? [],
  };
}

/**
 * Reads a computer's document into what the machine must do (spec: marshal §5).
 * @throws SlapError `SLAP_INVALID_DOCUMENT` naming the partition or release and the field.
 */
export function readComputerInformation(document: MarshalValue): ComputerInformation {
  if (!(document instanceof MarshalObject) || document.className !== 'Computer') {
    throw new SlapError('SLAP_INVALID_DOCUMENT', 'The document is not about a computer.');
  }
  const [initId] = document.initArguments;
  const computerId = parse(text, document.attributes.get('_computer_id') ?? initId, 'The id of a computer');
  const releases = objectsIn(
    document.attributes.get('_software_release_list'),
    'SoftwareRelease',
    '_software_release_list',
  );
  const partitions = objectsIn(
    document.attributes.get('_computer_partition_list'),
    'ComputerPartition',
    '_computer_partition_list',
  );
  return {
    computerId,
    softwareReleases: releases.map((release) => readReleaseInformation(release, computerId)),
    partitions: partitions.map(readPartitionInformation),
  };
}

function given<K extends string, V>(name: K, value: V | null | undefined): Partial<Record<K, V>> {
  return value === undefined || value === null ? {} : ({ [name]: value } as Partial<Record<K, V>>);
}

function textOf(value: string | number | bigint | null | undefined): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

function accessStatusText(status: string | Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  if (status === undefined || status === null) return undefined;
  if (typeof status === 'string') return status;
  const { text: said } = status;
  return typeof said === 'string' ? said : JSON.stringify(status);
}

/** Connection parameters of proxies before 1.0.1, which sent them as parameter XML. */
export function connectionFromXml(xml: string | null | undefined): PlainRecord {
  const record = emptyRecord();
  for (const [name, value] of readParameterXml(xml)) record[name] = value;
  return record;
}
