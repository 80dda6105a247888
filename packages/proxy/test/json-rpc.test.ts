import { join } from 'node:path';

import { JSON_RPC_METHODS, type JsonRpcMethodName, type JsonRpcRequest } from '@slapos/slap';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createProxy, type Proxy } from '../src/index.js';
import { temporaryFolder } from './support/server-process.js';
import { post, requestForm } from './support/slap-calls.js';

const BASE = 'http://localhost';
const COMPUTER = 'COMP-1';
const RELEASE = 'https://sr.example/software.cfg';
const METHODS = Object.keys(JSON_RPC_METHODS) as JsonRpcMethodName[];

/** A right request of every method. */
const RIGHT: { readonly [M in JsonRpcMethodName]: JsonRpcRequest<M> } = {
  'get.v0.hateoas_url': {},
  'put.v0.compute_node_format': {
    computer_guid: 'COMP-2',
    compute_partition_list: [
      { partition_id: 'slappart0', ip_list: [{ 'ip-address': '10.0.0.1', netmask: '255.0.0.0' }] },
    ],
  },
  'allDocs.WIP.compute_node_list': {},
  'post.v0.software_installation': { software_release_uri: RELEASE, computer_guid: COMPUTER, state: 'available' },
  'allDocs.v0.compute_node_software_installation_list': { computer_guid: COMPUTER },
  'put.v0.software_installation_reported_state': {
    software_release_uri: RELEASE,
    computer_guid: COMPUTER,
    reported_state: 'building',
  },
  'put.v0.software_installation_error': { software_release_uri: RELEASE, computer_guid: COMPUTER, message: 'm' },
  'put.v0.compute_node_bang': { computer_guid: COMPUTER, message: 'm' },
  'post.v0.compute_node_usage': { computer_guid: COMPUTER, tioxml: '<x/>' },
  'get.v0.compute_node_status': { computer_guid: COMPUTER },
  'post.v0.compute_node_certificate': { computer_guid: COMPUTER },
  'remove.v0.compute_node_certificate': { computer_guid: COMPUTER },
  'allDocs.v0.compute_node_instance_list': { computer_guid: COMPUTER },
  'post.v0.software_instance': {
    title: 'known',
    software_release_uri: RELEASE,
    software_type: 'default',
    parameters: { a: 'b' },
    shared: false,
    state: 'started',
    sla_parameters: { computer_guid: COMPUTER, retention_delay: 1 },
  },
  'get.v0.software_instance': { instance_guid: 'known______0' },
  'get.v0.compute_partition': { computer_guid: COMPUTER, compute_partition_id: 'slappart0' },
  'get.v0.instance_tree': { title: 'known' },
  'allDocs.v0.instance_tree_list': {},
  'allDocs.v0.instance_node_instance_list': { instance_guid: 'known______0' },
  'put.v0.software_instance_connection_parameter': {
    instance_guid: 'known______0',
    connection_parameter_dict: { url: 'u' },
  },
  'put.v0.software_instance_title': { instance_guid: 'known______0', title: 'known' },
  'put.v0.software_instance_bang': { instance_guid: 'known______0', message: 'm' },
  'put.v0.software_instance_reported_state': { instance_guid: 'known______0', reported_state: 'started' },
  'put.v0.software_instance_error': { instance_guid: 'known______0', message: 'm' },
  'get.v0.software_instance_certificate': { instance_guid: 'known______0' },
};

async function makeProxy(): Promise<Proxy> {
  const proxy = await createProxy({ computerId: COMPUTER, limits: { maxBodyBytes: 2_000_000 } });
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 4 } },
    software: [{ softwareReleaseUrl: RELEASE }],
    instances: ['known', 'untouched'].map((partitionReference) => ({
      partitionReference,
      softwareReleaseUrl: RELEASE,
    })),
  });
  return proxy;
}

async function callRpc(
  proxy: Proxy,
  method: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; type: string | null; body: string }> {
  const request = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
  const response = await proxy.fetch(new Request(`${BASE}/slapos.${method}`, request));
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

describe('the client for JSON-RPC', () => {
  test.each(METHODS)('%s', async (method) => {
    await using proxy = await makeProxy();
    await using client = await proxy.client();
    const rpc = await client.jsonRpc();
    const result = await rpc!.call(method, RIGHT[method]);
    expect(JSON_RPC_METHODS[method].response.safeParse(result).success).toBe(true);
  });

  test('sees what clients of the tool API do, and they what it does', async () => {
    await using proxy = await makeProxy();
    const fetch = (request: Request) => proxy.fetch(request);
    await using client = await proxy.client();
    const rpc = (await client.jsonRpc())!;
    const made = await rpc.requestInstance({ title: 'root', software_release_uri: RELEASE, software_type: 'x' });
    expect(made).toMatchObject({ isReady: true, compute_partition_id: 'slappart2' });
    const requester = { computerId: COMPUTER, partitionId: 'slappart2' };
    await post(fetch, `${BASE}/requestComputerPartition`, requestForm('a___b', { requester }));
    const child = await rpc.call('get.v0.compute_partition', {
      computer_guid: COMPUTER,
      compute_partition_id: 'slappart3',
    });
    expect(child).toMatchObject({ instance_guid: 'a___b___root___0', root_instance_title: 'root' });
    expect(await rpc.call('get.v0.software_instance', { instance_guid: child.instance_guid })).toEqual(child);

    await rpc.call('put.v0.software_instance_error', { instance_guid: child.instance_guid, message: 'no disk' });
    const status = await rpc.call('get.v0.compute_node_status', { computer_guid: COMPUTER });
    expect(status.text).toBe('#error slappart3 error: no disk');

    await expect(
      rpc.call('put.v0.software_instance_reported_state', {
        instance_guid: 'root______0',
        reported_state: 'destroyed',
      }),
    ).rejects.toMatchObject({ code: 'SLAP_AUTHENTICATION' });
    expect(await rpc.call('get.v0.software_instance', { instance_guid: child.instance_guid })).toMatchObject({
      state: 'destroyed',
    });
  });

  test('what is asked again is answered as it is now, also when another process changed it', async () => {
    using folder = temporaryFolder();
    const databasePath = join(folder.path, 'proxy.db');
    await using first = await createProxy({ computerId: COMPUTER, databasePath });
    await using second = await createProxy({ computerId: COMPUTER, databasePath });
    await first.seed({ computers: { [COMPUTER]: { partitions: 2 } } });
    const titles = async () => (await callRpc(first, 'allDocs.v0.instance_tree_list', '{}')).body;
    expect(await titles()).toBe('{"result_list": []}');
    await second.seed({ instances: [{ partitionReference: 'a', softwareReleaseUrl: RELEASE }] });
    expect(await titles()).toBe('{"result_list": [{"title": "a"}]}');
    expect(await titles()).toBe('{"result_list": [{"title": "a"}]}');
    await first.seed({ instances: [{ partitionReference: 'b', softwareReleaseUrl: RELEASE }] });
    expect(await titles()).toBe('{"result_list": [{"title": "a"}, {"title": "b"}]}');
  });

  test('a certificate is made, shown to nobody twice, and revoked', async () => {
    await using proxy = await makeProxy();
    await using client = await proxy.client();
    const rpc = (await client.jsonRpc())!;
    const computer = { computer_guid: COMPUTER };
    const { certificate } = await rpc.call('post.v0.compute_node_certificate', computer);
    expect(certificate).toContain('BEGIN CERTIFICATE');
    await expect(rpc.call('post.v0.compute_node_certificate', computer)).rejects.toThrow('valid certificate already');
    await rpc.call('remove.v0.compute_node_certificate', computer);
    const again = await rpc.call('post.v0.compute_node_certificate', computer);
    expect(again.certificate).not.toBe(certificate);
    const ofInstance = { instance_guid: 'known______0' };
    const first = await rpc.call('get.v0.software_instance_certificate', ofInstance);
    expect(first.key).toContain('BEGIN PRIVATE KEY');
    expect(await rpc.call('get.v0.software_instance_certificate', ofInstance)).toEqual(first);
  });
});

describe('bad input is refused with the documented body', () => {
  const WRONG: readonly unknown[] = [
    5,
    1.5,
    true,
    null,
    [],
    {},
    'x'.repeat(300_000),
    '',
    '\u0000\ud800',
    [[1]],
    { a: 1 },
  ];
  const VERBS = ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'] as const;
  const REFUSED_ACCEPTS = ['text/html', 'application/xml', 'image/*', 'application/json;q=0', ';,;'];
  const BODIES: readonly (string | Uint8Array<ArrayBuffer>)[] = [
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '5',
    '{"a":}',
    '\u0000',
    '[['.repeat(100_000),
    Buffer.from('{"title":"\xff"}', 'latin1'),
    Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
    'x'.repeat(2_000_001),
  ];
  let proxy: Proxy;
  let cases = 0;
  beforeAll(async () => {
    proxy = await makeProxy();
  });
  afterAll(() => proxy.close());

  /** Statuses with a body as documented; 2xx is right where the value happens to be allowed. */
  async function expectRefusal(
    what: string,
    answer: { status: number; type: string | null; body: string },
    isAllowed = false,
  ): Promise<void> {
    cases += 1;
    if (isAllowed && answer.status === 200) return;
    expect(answer.status, `${what}: ${answer.body}`).toBeGreaterThanOrEqual(400);
    expect(answer.status, `${what}: ${answer.body}`).toBeLessThan(500);
    expect(answer.type, what).toBe('application/json');
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    expect(Object.keys(body), what).toEqual(['status', 'type', 'title']);
    expect(body['status'], what).toBe(answer.status);
    expect(body['type'], what).toMatch(/^[A-Z]/);
    expect(body['title'], what).toMatch(/./);
  }

  test.each(METHODS)('%s', async (method) => {
    const right = RIGHT[method] as Record<string, unknown>;
    for (const body of BODIES)
      await expectRefusal(`body ${String(body).slice(0, 20)}`, await callRpc(proxy, method, body));
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])
      await expectRefusal(type, await callRpc(proxy, method, JSON.stringify(right), { 'content-type': type }));
    for (const accept of REFUSED_ACCEPTS)
      await expectRefusal(accept, await callRpc(proxy, method, JSON.stringify(right), { accept }));
    const extra = JSON.stringify({ ...right, surely_unknown: 1, ['__proto__']: 2 });
    await expectRefusal('extra', await callRpc(proxy, method, extra));
    await expectRefusal('proto', await callRpc(proxy, method, `{"__proto__": {}, "constructor": 1}`));
    for (const name of Object.keys(right)) {
      const { [name]: _left, ...without } = right;
      const optional = ['state', 'parameters', 'shared', 'sla_parameters'].includes(name);
      await expectRefusal(`without ${name}`, await callRpc(proxy, method, JSON.stringify(without)), optional);
      for (const value of WRONG) {
        const answer = await callRpc(proxy, method, JSON.stringify({ ...right, [name]: value }));
        await expectRefusal(`${name} = ${JSON.stringify(value).slice(0, 40)}`, answer, true);
        const schema = JSON_RPC_METHODS[method].request;
        const isValid = schema.safeParse({ ...right, [name]: value }).success;
        if (!isValid) expect(answer.status, `${name}: ${answer.body}`).toBe(400);
      }
    }
    for (const verb of VERBS) {
      const response = await proxy.fetch(new Request(`${BASE}/slapos.${method}`, { method: verb }));
      cases += 1;
      expect(response.status, verb).toBe(405);
      expect(response.headers.get('allow'), verb).toContain('POST');
    }
  });

  test('there were enough of them, and what was not named is as it was', async () => {
    expect(cases).toBeGreaterThan(1_000);
    const { body } = await callRpc(proxy, 'get.v0.software_instance', '{"instance_guid": "untouched______0"}');
    expect(JSON.parse(body)).toMatchObject({ title: 'untouched', state: 'started', compute_partition_id: 'slappart1' });
  });
});

describe('the description', () => {
  test('is OpenAPI 3.1, and describes every method', async () => {
    await using proxy = await createProxy();
    const response = await proxy.fetch(new Request(`${BASE}/openapi.json`));
    const document = (await response.json()) as { openapi: string; paths: Record<string, unknown> };
    expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true });
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(METHODS.map((method) => `/slapos.${method}`));
  });

  test('names the place that it was asked for at', async () => {
    await using proxy = await createProxy({ trustForwardedHeaders: true, allowedHosts: ['*'] });
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/master', host: 'front.example' };
    const response = await proxy.fetch(new Request(`${BASE}/openapi.json`, { headers }));
    expect(await response.json()).toMatchObject({ servers: [{ url: 'https://front.example/master' }] });
  });
});
