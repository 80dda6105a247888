import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ComputerPartition, isSlapError, NotReady, SlapClient, SlapError } from '../src/index.js';
import recording from './fixtures/client-calls.json' with { type: 'json' };
import { type RecordedExchange, type RecordedMaster, startRecordedMaster } from './recorded-master.js';

interface RecordedCall {
  call: string;
  returns?: unknown;
  raises?: string;
  message?: string;
  exchanges: RecordedExchange[];
}

interface Context {
  client: SlapClient;
  url: string;
  instanceRoot: string;
}

const calls = (recording as unknown as { calls: RecordedCall[] }).calls;
const RELEASE = 'https://sr.example/software.cfg';
const request = { softwareReleaseUrl: RELEASE, partitionReference: 'name' };

const order = (context: Context) => context.client.registerOpenOrder();
const partition = (context: Context) => context.client.registerComputerPartition('COMP-1', 'slappart0');
const computer = (context: Context, id = 'COMP-1') => context.client.registerComputer(id);
const release = (context: Context) => context.client.registerSoftwareRelease(RELEASE, 'COMP-1');
const products = (context: Context) => context.client.registerSoftwareProducts();
const navigator = async (context: Context) => (await context.client.hateoas())!;

/** What an answer to a request shows, in the words of the recording. */
function shown(result: ComputerPartition | NotReady) {
  if (!(result instanceof ComputerPartition)) return 'not ready';
  const names = [
    '_connection_dict',
    '_instance_guid',
    '_parameter_dict',
    '_requested_state',
    'connection_xml',
    'ip_list',
  ];
  const attributes = Object.fromEntries(names.map((name) => [name, result.getAttribute(name)]));
  return { _computer_id: result.computerId, _partition_id: result.partitionId, ...attributes };
}

/** How each recorded call is written with this library, and what of its result is compared with the recording. */
const OURS: Record<string, (context: Context) => unknown> = {
  "slap.initializeConnection('http://127.0.0.1:5000') with getHateoasUrl answered": async (c) =>
    (await navigator(c)).url.replace(c.url, 'http://127.0.0.1:5000'),
  'initializeConnection with timeout=10 (another cache key), getHateoasUrl 404': async ({ client }) =>
    (await client.hateoas())?.url ?? 'None',
  'initializeConnection with timeout=10 again: a failure is not cached': async ({ client }) =>
    (await client.hateoas())?.url ?? 'None',
  "initializeConnection('http://127.0.0.1:5000/base') then registerComputer('C').getStatus()": async (c) => {
    await using client = new SlapClient({ masterUrl: `${c.url}/base`, retries: 0 });
    const status = await client.registerComputer('C').getStatus();
    return [client.masterUrl.replace(c.url, 'http://127.0.0.1:5000'), status];
  },
  "OpenOrder.request(release, 'name')": async (c) => shown(await order(c).request(request)),
  'OpenOrder.request with parameters, type, filter, state, shared': async (c) =>
    shown(
      await order(c).request({
        ...request,
        parameters: { a: 'é&<', n: 1 },
        softwareType: 't',
        filter: { computer_guid: 'COMP-1' },
        state: 'stopped',
        shared: true,
      }),
    ),
  'OpenOrder.request answered by 408': async (c) => shown(await order(c).request(request)),
  'getId() of a partition that is not ready': async (c) => {
    const result = await order(c).request(request);
    if (result instanceof NotReady) throw result.toError();
    return result.getId();
  },
  'OpenOrder.request answered by 404': (c) => order(c).request(request),
  'OpenOrder.request answered by 500': (c) => order(c).request(request),
  'OpenOrder.request answered by 403': (c) => order(c).request(request),
  'OpenOrder.request answered by 200 with a page that is not marshalled': (c) => order(c).request(request),
  'OpenOrder.request answered by 302': (c) => order(c).request(request),
  'OpenOrder.request, parameters not a dict': (c) => order(c).request({ ...request, parameters: 'x' as never }),
  "OpenOrder.requestComputer('title')": async (c) => (await order(c).requestComputer('title')).computerId,
  'registerComputerPartition(...): no request': (c) => partition(c).partitionId,
  "registerComputerPartition(None, 'x')": ({ client }) => client.registerComputerPartition('', 'x'),
  'ComputerPartition.request(release, type, name)': async (c) =>
    shown(await partition(c).request({ ...request, partitionReference: 'child', state: 'started' })),
  'ComputerPartition.getInstanceParameterDict, getConnectionParameterDict, getState, getInstanceGuid, getSoftwareRelease, getType: one request':
    async (c) => {
      const p = partition(c);
      return [
        await p.getInstanceParameterDict(),
        await p.getConnectionParameterDict(),
        await p.getState(),
        await p.getInstanceGuid(),
        (await p.getSoftwareRelease()).getURI(),
        await p.getType(),
      ];
    },
  'ComputerPartition.getInstanceParameter before any fetch': (c) => partition(c).getInstanceParameter('a'),
  "ComputerPartition.getConnectionParameter('k')": (c) => partition(c).getConnectionParameter('k'),
  "ComputerPartition.getConnectionParameter('zz')": (c) => partition(c).getConnectionParameter('zz'),
  'free partition: getSoftwareRelease()': (c) => partition(c).getSoftwareRelease(),
  'free partition: getInstanceGuid()': (c) => partition(c).getInstanceGuid(),
  'free partition: getType()': (c) => partition(c).getType(),
  'free partition: getState()': (c) => partition(c).getState(),
  'free partition: getInstanceParameterDict()': (c) => partition(c).getInstanceParameterDict(),
  'free partition: getConnectionParameterDict()': (c) => partition(c).getConnectionParameterDict(),
  'free partition: getAccessStatus()': (c) => partition(c).getAccessStatus(),
  'ComputerPartition.started()': (c) => partition(c).started(),
  'ComputerPartition.stopped()': (c) => partition(c).stopped(),
  'ComputerPartition.destroyed()': (c) => partition(c).destroyed(),
  "ComputerPartition.bang('msg',)": (c) => partition(c).bang('msg'),
  "ComputerPartition.rename('new',)": (c) => partition(c).rename('new'),
  "ComputerPartition.error('log é',)": (c) => partition(c).error('log é'),
  "ComputerPartition.rename('new', slave_reference='_s')": (c) => partition(c).rename('new', { sharedReference: '_s' }),
  "ComputerPartition.error('log', slave_reference='_s')": (c) => partition(c).error('log', { sharedReference: '_s' }),
  'ComputerPartition.error answered by 500: swallowed and logged': (c) => partition(c).error('log'),
  "ComputerPartition.setConnectionDict({'a':'b','n':1,'x':None})": (c) =>
    partition(c).setConnectionDict({ a: 'b', n: 1, x: null }),
  "ComputerPartition.setConnectionDict({}, slave_reference='_s')": (c) => partition(c).setConnectionDict({}, '_s'),
  'ComputerPartition.getCertificate()': (c) => partition(c).getCertificate(),
  'ComputerPartition.getStatus(): no request': (c) => partition(c).getStatus(),
  'ComputerPartition.getFullHostingIpAddressList()': (c) => partition(c).getFullHostingIpAddressList(),
  "ComputerPartition.setComputerPartitionRelatedInstanceList(['a'])": (c) =>
    partition(c).setComputerPartitionRelatedInstanceList(['a']),
  'Computer.getSoftwareReleaseList then getComputerPartitionList: one request': async (c) => {
    const machine = computer(c);
    const releases = await machine.getSoftwareReleaseList();
    const partitions = await machine.getComputerPartitionList();
    return [releases.map((item) => item.getURI()), partitions.map((item) => item.getId())];
  },
  'Computer.getComputerPartitionList when getFullComputerInformation is 404: the old name is tried': async (c) =>
    (await computer(c).getComputerPartitionList()).map((item) => item.getId()),
  'Computer.getComputerPartitionList of a computer without id': (c) => computer(c, '').getComputerPartitionList(),
  'Computer.getComputerPartitionList answered by 503': (c) => computer(c).getComputerPartitionList(),
  "Computer.reportUsage('<x/>',)": (c) => computer(c).reportUsage('<x/>'),
  "Computer.reportUsage('',)": (c) => computer(c).reportUsage(''),
  "Computer.updateConfiguration('<marshal/>',)": (c) => computer(c).updateConfiguration('<marshal/>'),
  "Computer.bang('m',)": (c) => computer(c).bang('m'),
  'Computer.getStatus()': (c) => computer(c).getStatus(),
  'Computer.revokeCertificate()': (c) => computer(c).revokeCertificate(),
  'Computer.generateCertificate()': (c) => computer(c).generateCertificate(),
  "Supply.supply(release, 'COMP-1')": ({ client }) =>
    client.registerSupply().supply({ softwareReleaseUrl: RELEASE, computerId: 'COMP-1' }),
  'Supply.supply(release): no computer': ({ client }) =>
    client.registerSupply().supply({ softwareReleaseUrl: RELEASE }),
  "Supply.supply(release, 'COMP-1', state='destroyed')": ({ client }) =>
    client.registerSupply().supply({ softwareReleaseUrl: RELEASE, computerId: 'COMP-1', state: 'destroyed' }),
  'Supply.supply answered by 404': ({ client }) =>
    client.registerSupply().supply({ softwareReleaseUrl: RELEASE, computerId: 'COMP-1' }),
  'SoftwareRelease.building()': (c) => release(c).building(),
  'SoftwareRelease.available()': (c) => release(c).available(),
  'SoftwareRelease.destroyed()': (c) => release(c).destroyed(),
  "SoftwareRelease.error('log',)": (c) => release(c).error('log'),
  'SoftwareRelease without computer: available()': ({ client }) => client.registerSoftwareRelease(RELEASE).available(),
  "slap.getSoftwareReleaseListFromSoftwareProduct('kvm')": (c) =>
    products(c).getSoftwareReleaseList({ productReference: 'kvm' }),
  'slap.getSoftwareReleaseListFromSoftwareProduct(software_release_url=...)': (c) =>
    products(c).getSoftwareReleaseList({ softwareReleaseUrl: RELEASE }),
  'slap.getSoftwareReleaseListFromSoftwareProduct()': (c) => products(c).getSoftwareReleaseList({} as never),
  "slap.getSoftwareReleaseListFromSoftwareProduct('a', 'b')": (c) =>
    products(c).getSoftwareReleaseList({ productReference: 'a', softwareReleaseUrl: 'b' }),
  'SoftwareProductCollection.kvm': (c) => products(c).get('kvm'),
  'SoftwareProductCollection.nothing': (c) => products(c).get('nothing'),
  'slap.getOpenOrderDict()': async (c) => underscored(await c.client.getOpenOrderDict()),
  'slap.getComputerDict()': async (c) => underscored(await c.client.getComputerDict()),
  "OpenOrder.getInformation('inst')": async (c) => {
    const information = await order(c).getInformation('inst');
    return { fields: information.fields, _parameter_dict: information.instanceParameters };
  },
  "OpenOrder.getInformation('none')": (c) => order(c).getInformation('none'),
  'Computer.getInformation()': (c) => computer(c).getInformation(),
  'Token.request()': ({ client }) => client.requestToken(),
  'navigator.getMeDocument()': async (c) => (await (await navigator(c)).getMeDocument()).data,
  "navigator.getInstanceTreeInstanceList('inst')": async (c) =>
    (await navigator(c)).getInstanceTreeInstanceList('inst'),
  "navigator.getSoftwareInstallationList('COMP-1')": async (c) =>
    (await navigator(c)).getSoftwareInstallationList('COMP-1'),
  'navigator: two searches, the root document is fetched once': async (c) => {
    const found = await navigator(c);
    return [await found.getComputerDict(), await found.getComputerDict()].map((dict) => Object.keys(dict).length);
  },
  'without a hateoas URL: getOpenOrderDict': ({ client }) => client.getOpenOrderDict(),
  'with SLAPGRID_INSTANCE_ROOT: registerComputerPartition creates the transaction file': async (c) => {
    await using client = new SlapClient({ masterUrl: c.url, transactionDirectory: c.instanceRoot });
    client.registerComputerPartition('COMP-1', 'slappart0');
    return await transaction(c);
  },
  'two requests (the first fails): both names are in the file': async (c) => {
    await using client = new SlapClient({ masterUrl: c.url, transactionDirectory: c.instanceRoot, retries: 0 });
    const requester = client.registerComputerPartition('COMP-1', 'slappart0');
    const child = { softwareReleaseUrl: RELEASE, softwareType: 't' };
    await expect(requester.request({ ...child, partitionReference: 'a' })).rejects.toThrow(SlapError);
    await requester.request({ ...child, partitionReference: 'b' });
    return await transaction(c);
  },
};

/** The second of these shows only that nothing is asked again; our own cache is per client and tested for itself. */
const LEFT_OUT = new Set(['the same again: the hateoas URL is cached for the process']);

function transaction(context: Context): Promise<string> {
  return readFile(join(context.instanceRoot, 'slappart0/.slapos-request-transaction-slappart0'), 'utf8');
}

function underscored(byTitle: Record<string, Record<string, unknown>>) {
  const renamed = (name: string) => (name === 'url_string' ? '_software_release_url' : `_${name}`);
  return Object.fromEntries(
    Object.entries(byTitle).map(([title, columns]) => [
      title,
      Object.fromEntries(Object.entries(columns).map(([name, value]) => [renamed(name), value])),
    ]),
  );
}

const CODES: Record<string, string> = {
  ResourceNotReady: 'SLAP_NOT_READY',
  NotFoundError: 'SLAP_NOT_FOUND',
  HTTPError: 'SLAP_HTTP_ERROR',
  KeyError: 'SLAP_INVALID_DOCUMENT',
  ValueError: 'SLAP_INVALID_ARGUMENT',
  AttributeError: 'SLAP_INVALID_ARGUMENT',
  NameError: 'SLAP_INVALID_ARGUMENT',
  Exception: 'SLAP_HATEOAS_UNAVAILABLE',
};

function expectedCode(recorded: RecordedCall): string | undefined {
  if (recorded.call.endsWith('answered by 403')) return 'SLAP_AUTHENTICATION';
  if (recorded.call === 'SoftwareProductCollection.nothing') return 'SLAP_NOT_FOUND';
  return CODES[recorded.raises!];
}

/** The result in the words of the recording: for a request the parts that {@link shown} shows. */
function expectedResult(recorded: RecordedCall): unknown {
  const result = recorded.returns as Record<string, unknown> | null | undefined;
  const found = result?.['ComputerPartition'] as Record<string, unknown> | undefined;
  if (recorded.call.startsWith('registerComputerPartition(...)')) return 'slappart0';
  if (recorded.call.startsWith('OpenOrder.requestComputer')) return 'COMP-7';
  if (found !== undefined) {
    if (found['_partition_id'] === null) return 'not ready';
    const names = ['_computer_id', '_partition_id', '_connection_dict', '_instance_guid', '_parameter_dict'];
    return Object.fromEntries(
      [...names, '_requested_state', 'connection_xml', 'ip_list'].map((name) => [name, found[name]]),
    );
  }
  if (recorded.call === "OpenOrder.getInformation('inst')") {
    const derived = ['_parameter_dict', '_requested_state', '_connection_dict', '_software_release_url'];
    return { fields: fieldsOf(result!, derived), _parameter_dict: result!['_parameter_dict'] };
  }
  if (recorded.call === 'Computer.getInformation()') return fieldsOf(result!, ['_computer_id']);
  if (recorded.call === 'navigator.getMeDocument()') return result!['data'];
  return result ?? null;
}

function fieldsOf(result: Record<string, unknown>, derived: string[]) {
  const own = Object.entries(result).filter(([name]) => !derived.includes(name));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(1), value]));
}

async function startFor(recorded: RecordedCall): Promise<RecordedMaster> {
  const exchanges = recorded.exchanges.map((exchange) =>
    exchange.response.status === 302
      ? { ...exchange, response: { ...exchange.response, headers: { location: '/getStatus' } } }
      : exchange,
  );

  return startRecordedMaster(exchanges);
}

describe('the 84 recorded calls', () => {
  let instanceRoot = '';
  beforeAll(async () => {
    instanceRoot = await mkdtemp(join(tmpdir(), 'slap-calls-'));
    await mkdir(join(instanceRoot, 'slappart0'));
  });
  afterAll(() => rm(instanceRoot, { recursive: true }));

  test('each has its counterpart here', () => {
    expect(calls).toHaveLength(84);
    expect([...Object.keys(OURS), ...LEFT_OUT].sort()).toEqual(calls.map(({ call }) => call).sort());
  });

  test.each(calls.filter(({ call }) => !LEFT_OUT.has(call)))('$call', async (recorded) => {
    await using master = await startFor(recorded);
    const usesHateoas = recorded.exchanges.some(({ request: { path } }) => path === '/hateoas');
    await using client = new SlapClient({
      masterUrl: master.url,
      retries: 0,
      masterRestUrl: usesHateoas ? `${master.url}/hateoas` : undefined,
      userAgent: 'slapos.core/1.24.0',
    });
    const context = { client, url: master.url, instanceRoot };
    const run = async () => await OURS[recorded.call]!(context);
    if (recorded.raises === undefined) {
      expect((await run()) ?? null).toEqual(expectedResult(recorded));
    } else {
      const error: unknown = await run().catch((thrown: unknown) => thrown);
      expect(isSlapError(error) && error.code).toBe(expectedCode(recorded));
    }
    const expected = recorded.exchanges.map(({ request: { method, path, form } }) => ({ method, path, form }));
    expect(master.seen.map(({ method, path, form }) => ({ method, path, form }))).toEqual(expected);
    for (const { headers, method } of master.seen) {
      expect(headers.accept).toBe('*/*');
      expect(headers['user-agent']).toMatch(/^slapos\./);
      if (method === 'POST') expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    }
  });
});
