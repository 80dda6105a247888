import { marshal, MarshalFloat } from '@slapos/slap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createProxy, type Proxy } from '../src/index.js';
import { formatForm, post, requestForm } from './support/slap-calls.js';

const URL_BASE = 'http://localhost';
const COMPUTER = 'COMP-1';
const KEY = { computer_id: COMPUTER, computer_partition_id: 'slappart0' };
const HUGE = 'x'.repeat(300_000);

let proxy: Proxy;
beforeAll(async () => {
  proxy = await createProxy({ computerId: COMPUTER, limits: { maxBodyBytes: 2_000_000 } });
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 3 } },
    software: [{ softwareReleaseUrl: 'https://sr.example/software.cfg' }],
    instances: ['known', 'untouched'].map((partitionReference) => ({
      partitionReference,
      softwareReleaseUrl: 'https://sr.example/software.cfg',
    })),
  });
});
afterAll(() => proxy.close());

const call = (request: Request) => proxy.fetch(request);

/** Every call that takes a form, with a form that is right. */
const POSTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/loadComputerConfigurationFromXML': formatForm(COMPUTER, 3),
  '/supplySupply': { url: 'https://sr.example/software.cfg', computer_id: COMPUTER, state: 'available' },
  '/buildingSoftwareRelease': { url: 'u', computer_id: COMPUTER },
  '/availableSoftwareRelease': { url: 'u', computer_id: COMPUTER },
  '/softwareReleaseError': { url: 'u', computer_id: COMPUTER, error_log: 'e' },
  '/destroyedSoftwareRelease': { url: 'u', computer_id: COMPUTER },
  '/requestComputerPartition': requestForm('known'),
  '/setComputerPartitionConnectionXml': { ...KEY, connection_xml: marshal({ url: 'u' }), slave_reference: '_s' },
  '/startedComputerPartition': KEY,
  '/stoppedComputerPartition': KEY,
  '/softwareInstanceError': { ...KEY, error_log: 'e' },
  '/destroyedComputerPartition': { computer_id: COMPUTER, computer_partition_id: 'slappart2' },
  '/softwareInstanceBang': { ...KEY, message: 'm' },
  '/softwareInstanceRename': { ...KEY, new_name: 'known' },
  '/updateComputerPartitionRelatedInstanceList': { ...KEY, instance_reference_xml: marshal(['a']) },
  '/computerBang': { computer_id: COMPUTER, message: 'm' },
  '/useComputer': { computer_id: COMPUTER, use_string: '<x/>' },
  '/requestComputer': { computer_title: 'title' },
  '/generateComputerCertificate': { computer_id: COMPUTER },
  '/revokeComputerCertificate': { computer_id: COMPUTER },
};

/** Every call that takes a query, with a query that is right. */
const GETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/getFullComputerInformation': { computer_id: COMPUTER },
  '/getComputerInformation': { computer_id: COMPUTER },
  '/registerComputerPartition': { computer_reference: COMPUTER, computer_partition_reference: 'slappart0' },
  '/getComputerStatus': { computer_id: COMPUTER },
  '/getComputerPartitionStatus': KEY,
  '/getComputerPartitionCertificate': KEY,
  '/getHostingSubscriptionIpList': KEY,
  '/getSoftwareReleaseListFromSoftwareProduct': { software_product_reference: 'kvm' },
  '/hateoas/': { mode: 'search', query: 'portal_type:"Instance Tree" AND validation_state:validated' },
};

/** What a field may hold instead of what it should. */
const BAD_VALUES: Readonly<Record<string, string>> = {
  empty: '',
  'a huge text': HUGE,
  'control characters': 'a\u0000b\u0001\u001b[31m',
  'a lone surrogate': '\uD800',
  'a path': '../../../etc/passwd',
  SQL: `'; DROP TABLE partition17; --`,
  prototype: '__proto__',
  'a quotation': '"\\\'"',
  'not a document': '<marshal><string>unclosed',
  'a document of another class':
    '<marshal><object id="i2" module="os" class="system"><tuple/><dictionary id="i3"/></object></marshal>',
  entities: '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><marshal><string>&b;</string></marshal>',
  'nested deeply': '<marshal>' + '<list id="i2">'.repeat(5_000) + '</list>'.repeat(5_000) + '</marshal>',
  'a number': marshal(7),
  'a float': marshal(new MarshalFloat(0.5)),
  nothing: marshal(null),
  'a list': marshal([1, 'a', null]),
  'a dictionary with keys that are no text': marshal(new Map([[1, 'a']])),
  'a dictionary in a dictionary': marshal({ a: { b: [null] } }),
};

/** Statuses of answers that put the blame where it belongs. */
const isFine = (status: number) => (status >= 200 && status < 500) || status === 503;

async function expectNoFailure(answer: Promise<{ status: number; body: string }>, place: string): Promise<void> {
  const { status, body } = await answer;
  expect(isFine(status), `${place}: ${status} ${body}`).toBe(true);
  if (status >= 400) expect(body, place).toMatch(/<p>[^<]+<\/p>/);
}

const get = async (path: string, query: Readonly<Record<string, string>>) => {
  const response = await call(new Request(`${URL_BASE}${path}?${new URLSearchParams(query).toString()}`));
  return { status: response.status, body: await response.text() };
};

describe.each(Object.entries(POSTS))('POST %s', (path, form) => {
  test('answers what is right', async () => {
    expect((await post(call, URL_BASE + path, form)).status).toBe(200);
  });

  test.each(Object.keys(form))('without the field %s', async (field) => {
    const rest = Object.fromEntries(Object.entries(form).filter(([name]) => name !== field));
    await expectNoFailure(post(call, URL_BASE + path, rest), field);
  });

  test.each(Object.keys(form))('with all kinds of nonsense as %s', async (field) => {
    for (const [kind, value] of Object.entries(BAD_VALUES)) {
      await expectNoFailure(post(call, URL_BASE + path, { ...form, [field]: value }), kind);
      // Nothing that was taken makes the documents of others unreadable.
      expect((await get('/getFullComputerInformation', { computer_id: COMPUTER })).status, kind).toBe(200);
    }
  });

  test.each([
    ['no body', {}],
    ['a body that is no form', { body: '{"json": true}', headers: { 'content-type': 'application/json' } }],
    [
      'a body that is not UTF-8',
      { body: new Uint8Array([0xff, 0xfe, 0x00]), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    [
      'percent signs of nothing',
      { body: 'url=%zz%&computer_id=%E0%A4&state=%', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    ['fields that nobody knows', { body: new URLSearchParams({ unknown: 'x', constructor: 'y' }) }],
    ['a body that is too large', { body: new URLSearchParams({ x: 'y'.repeat(3_000_000) }) }],
  ])('with %s', async (_name, init) => {
    const response = await call(new Request(URL_BASE + path, { method: 'POST', ...init }));
    expect(isFine(response.status), await response.text()).toBe(true);
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('with the verb %s', async (method) => {
    const response = await call(new Request(URL_BASE + path, { method }));
    expect(response.status).toBe(method === 'OPTIONS' ? 200 : 405);
    expect(response.headers.get('allow')).toBe('OPTIONS, POST');
  });
});

describe.each(Object.entries(GETS))('GET %s', (path, query) => {
  test('answers what is right', async () => {
    expect((await get(path, query)).status).toBe(200);
  });

  test.each(Object.keys(query))('without, and with all kinds of nonsense as %s', async (field) => {
    const rest = Object.fromEntries(Object.entries(query).filter(([name]) => name !== field));
    await expectNoFailure(get(path, rest), field);
    for (const [kind, value] of Object.entries(BAD_VALUES))
      await expectNoFailure(get(path, { ...query, [field]: value }), kind);
  });

  test.each(['POST', 'PUT', 'DELETE'])('with the verb %s', async (method) => {
    expect((await call(new Request(URL_BASE + path, { method }))).status).toBe(405);
  });

  test('HEAD gives the headers alone', async () => {
    const response = await call(
      new Request(`${URL_BASE}${path}?${new URLSearchParams(query).toString()}`, { method: 'HEAD' }),
    );
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });
});

test.each([
  '/hateoas/partitions/',
  '/hateoas/partitions/%00',
  '/hateoas/partitions/%E0%A4',
  '/hateoas/shared/..%2f..',
  '/hateoas/computers/%zz',
  '/hateoas/?mode=traverse&relative_url=https://evil.example/',
  '/hateoas/?mode=traverse&relative_url=//evil.example/',
  '/hateoas/?mode=traverse&relative_url=/hateoas/../../evil',
  '/hateoas/?mode=traverse&relative_url=/hateoas/%0d%0aSet-Cookie:a=b',
  '/hateoas/?mode=traverse&relative_url=%5C%5Cevil',
  '/hateoas/?mode=x',
  '/unknown',
  '/%',
  '/getRunId/',
])('GET %s is refused', async (path) => {
  const response = await call(new Request(URL_BASE + path));
  expect([400, 404]).toContain(response.status);
});

test('a long search that makes no sense is refused', async () => {
  for (const query of [
    '"'.repeat(50_000),
    'a:'.repeat(25_000),
    ' AND '.repeat(10_000),
    `title:="${'\\'.repeat(50_000)}`,
    ':='.repeat(25_000),
  ]) {
    expect((await get('/hateoas/', { mode: 'search', query })).status).toBe(400);
  }
});

test('after all that, what was there is still there', async () => {
  const answer = await post(call, `${URL_BASE}/requestComputerPartition`, requestForm('untouched'));
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('COMP-1-slappart1');
});
