import { MarshalFloat, type MarshalValue, writeParameterXml } from '@slapos/slap';

import { readSharedInstances, referenceOf, type SharedInstanceEntry } from '../allocation/shared-instance-list.js';
import type { JsonInput } from '../http/python-json.js';
import type { StoreReader } from '../store/proxy-store.js';
import type { ComputerRecord, PartitionKey, PartitionRecord, SlaveRecord } from '../store/records.js';
import type { HateoasQuery } from './hateoas-query.js';
import { newsOf } from './hateoas-news.js';

const USER_PREFIX = '_';
const RESERVED_KEYS = new Set<MarshalValue>(['slave_reference', 'slave_title', 'slap_software_type']);
/** What the Python proxy calls the state of a shared instance. */
const SHARED_STATE = 'unused';

interface UserSlave {
  readonly title: string;
  readonly slave: SlaveRecord;
  readonly host: PartitionRecord;
  readonly entry: SharedInstanceEntry;
}

interface ServiceFields {
  readonly reference: string;
  readonly requestedState: string;
  readonly parameterXml: string | null;
  readonly connectionXml: string | null;
  readonly softwareReleaseUrl: string | null;
  readonly softwareType: string | null;
  readonly isShared: boolean;
  readonly news: readonly JsonInput[];
}

/** The rows that a search finds. */
export async function searchRows(reader: StoreReader, query: HateoasQuery): Promise<JsonInput[]> {
  if (query.portalType === 'Compute Node') return computerRows(reader, query.reference);
  const { title } = query;
  if (title === undefined || title === '') {
    const slaves = title === undefined ? await userSlaves(reader) : [];
    return [...(await reader.rootInstances()).map(partitionRow), ...slaves.map(slaveRow)];
  }
  const root = await reader.instance(title, '');
  if (root !== undefined) return [partitionRow(root)];
  const slave = await userSlave(reader, title);
  return slave === undefined ? [] : [slaveRow(slave)];
}

/** The document of the first instance of that name. */
export async function serviceDocument(reader: StoreReader, name: string): Promise<JsonInput | undefined> {
  const partition = await reader.firstInstanceNamed(name);
  if (partition === undefined) return undefined;
  return serviceView({
    reference: name,
    requestedState: partition.requestedState,
    parameterXml: partition.parameterXml,
    connectionXml: partition.connectionXml,
    softwareReleaseUrl: partition.softwareReleaseUrl,
    softwareType: partition.softwareType,
    isShared: false,
    news: newsOf(await latestReport(reader, partition)),
  });
}

/** The document of a shared instance of the user. */
export async function sharedServiceDocument(reader: StoreReader, name: string): Promise<JsonInput | undefined> {
  const found = await userSlave(reader, name);
  if (found === undefined) return undefined;
  const { slave, host, entry } = found;
  const parameters = new Map([...entry].filter(([key]) => !RESERVED_KEYS.has(key)) as [string, MarshalValue][]);
  return serviceView({
    reference: name,
    requestedState: SHARED_STATE,
    parameterXml: writeParameterXml(parameters),
    connectionXml: slave.connectionXml,
    softwareReleaseUrl: host.softwareReleaseUrl,
    softwareType: host.softwareType,
    isShared: true,
    news: newsOf(await latestReport(reader, host, slave.slaveReference)),
  });
}

/** The document of a computer. */
export async function computerDocumentFields(reader: StoreReader, computerId: string): Promise<JsonInput | undefined> {
  if ((await reader.computer(computerId)) === undefined) return undefined;
  const field = (key: string) => ({ default: computerId, key, type: 'StringField' });
  return {
    _embedded: {
      _view: { form_id: field('computer'), my_reference: field('reference'), my_title: field('reference') },
    },
    _links: { type: { name: 'Computer' } },
  };
}

async function latestReport(reader: StoreReader, { computerId, partitionId }: PartitionKey, slaveReference = '') {
  const reports = await reader.reports({ computerId, partitionId }, REPORTS_LOOKED_AT);
  // What is said about a shared instance says nothing about its host.
  return reports.find((report) => report.slaveReference === slaveReference);
}

const REPORTS_LOOKED_AT = 50;

async function computerRows(reader: StoreReader, reference: string | undefined): Promise<JsonInput[]> {
  if (reference === undefined || reference === '') return (await reader.computers()).map(computerRow);
  const computer = await reader.computer(reference);
  return computer === undefined ? [] : [computerRow(computer)];
}

async function userSlaves(reader: StoreReader): Promise<UserSlave[]> {
  const found = await Promise.all((await reader.slavesAskedBy('')).map((slave) => hostedSlave(reader, slave)));
  return found.filter((slave) => slave !== undefined);
}

async function userSlave(reader: StoreReader, title: string): Promise<UserSlave | undefined> {
  const slave = await reader.slave(`${USER_PREFIX}${title}`);
  return slave === undefined || (slave.askedBy ?? '') !== '' ? undefined : hostedSlave(reader, slave);
}

/** `undefined` when its host no longer lists it: then it was destroyed, and only the row is left. */
async function hostedSlave(reader: StoreReader, slave: SlaveRecord): Promise<UserSlave | undefined> {
  const host = await reader.partition({ computerId: slave.computerId, partitionId: slave.hostedBy ?? '' });
  const entry = readSharedInstances(host?.sharedInstanceList ?? null).find(
    (item) => referenceOf(item) === slave.slaveReference,
  );
  if (host === undefined || entry === undefined) return undefined;
  return { title: slave.slaveReference.slice(USER_PREFIX.length), slave, host, entry };
}

/** All columns of the table, as the Python proxy sends them. */
function partitionRow(partition: PartitionRecord): JsonInput {
  const title = partition.instanceName ?? '';
  return {
    reference: partition.partitionId,
    computer_reference: partition.computerId,
    slap_state: partition.slapState,
    software_release: partition.softwareReleaseUrl,
    xml: partition.parameterXml,
    connection_xml: partition.connectionXml,
    slave_instance_list: partition.sharedInstanceList,
    software_type: partition.softwareType,
    partition_reference: partition.instanceName,
    requested_by: partition.rootName,
    requested_state: partition.requestedState,
    timestamp: partition.changedAt === null ? null : new MarshalFloat(partition.changedAt),
    title,
    url_string: partition.softwareReleaseUrl,
    relative_url: `/hateoas/partitions/${percentEncode(title)}`,
  };
}

function slaveRow({ title, host }: UserSlave): JsonInput {
  return { title, url_string: host.softwareReleaseUrl, relative_url: `/hateoas/shared/${percentEncode(title)}` };
}

function computerRow({ computerId, address, netmask }: ComputerRecord): JsonInput {
  return {
    reference: computerId,
    address,
    netmask,
    title: computerId,
    relative_url: `/hateoas/computers/${percentEncode(computerId)}`,
  };
}

function percentEncode(title: string): string {
  return encodeURIComponent(title).replaceAll('%2F', '/');
}

function serviceView(fields: ServiceFields): JsonInput {
  const string = (key: string, value: string | null) => ({ type: 'StringField', key: `field_${key}`, default: value });
  return {
    _embedded: {
      _view: {
        form_id: { type: 'StringField', key: 'form_id', default: 'InstanceTree_viewAsHateoas' },
        my_reference: string('my_reference', fields.reference),
        my_slap_state: string('my_slap_state', fields.requestedState),
        my_text_content: string('my_text_content', fields.parameterXml),
        my_connection_parameter_list: string('my_connection_parameter_list', fields.connectionXml),
        my_url_string: string('my_url_string', fields.softwareReleaseUrl),
        my_source_reference: string('my_source_reference', fields.softwareType),
        my_root_slave: { type: 'IntegerField', key: 'field_my_root_slave', default: fields.isShared ? 1 : 0 },
        // A document without news is the same as the Python proxy's, byte for byte.
        ...(fields.news.length === 0
          ? {}
          : { my_news: { type: 'StringField', key: 'field_my_news', default: fields.news } }),
      },
    },
    _links: { type: { name: 'Instance Tree' } },
  };
}
