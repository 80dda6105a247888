import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { isSlapError, JSON_RPC_METHODS, JsonRpcClient, type JsonRpcMethodName, SlapClient } from '../src/index.js';
import { type RecordedExchange, startRecordedMaster } from './recorded-master.js';

type RpcExchange = RecordedExchange & { request: { json?: unknown } };

const DIRECTORY = new URL('./fixtures/json-rpc/', import.meta.url);
const PREFIX = '/slapos.';
const PROBE: RecordedExchange = {
  request: { method: 'POST', path: '/slapos.get.v0.hateoas_url' },
  response: { status: 200, contentType: 'application/json', body: '{"hateoas_url": "http://127.0.0.1:5000/hateoas/"}' },
};

const exchanges = readdirSync(DIRECTORY).flatMap((file) => {
  const text = readFileSync(new URL(file, DIRECTORY), 'utf8').replaceAll(
    /\{\{(?:epoch|timestamp)[^}]*\}\}/g,
    '1795412182',
  );
  const recorded = (JSON.parse(text) as { exchanges: RpcExchange[] }).exchanges;
  return recorded
    .filter(({ request }) => request.method === 'POST' && request.path.startsWith(PREFIX) && isSimple(request))
    .map((exchange, index) => ({ name: `${file} ${String(index)}: ${exchange.request.path}`, exchange }));
});

/** Requests that any client of the interface would send; others try out headers and verbs. */
function isSimple({ headers = {}, json }: RpcExchange['request']): boolean {
  return (
    json !== undefined &&
    Object.entries(headers).every(([name, value]) => name === 'Content-Type' && value === 'application/json')
  );
}

function methodOf(exchange: RpcExchange): string {
  return exchange.request.path.slice(PREFIX.length);
}

describe('recorded JSON-RPC exchanges', () => {
  test('there are enough of them, and together they use nearly every method', () => {
    expect(exchanges.length).toBeGreaterThan(80);
    const used = new Set(exchanges.map(({ exchange }) => methodOf(exchange)));
    // The reference keeps no status of nodes, so there is no answer of it to record; the mini-master's own tests call this one.
    expect(Object.keys(JSON_RPC_METHODS).filter((method) => !used.has(method))).toEqual(['get.v0.compute_node_status']);
  });

  test.each(exchanges)('$name', async ({ exchange }) => {
    await using master = await startRecordedMaster([PROBE, exchange]);
    await using client = new SlapClient({ masterUrl: master.url, retries: 0 });
    const rpc = (await client.jsonRpc())!;
    expect(rpc).toBeInstanceOf(JsonRpcClient);
    const method = methodOf(exchange);
    if (!Object.hasOwn(JSON_RPC_METHODS, method)) return; // Methods that no master has: our types do not have them either.
    const call = rpc.call(method as JsonRpcMethodName, exchange.request.json as never);
    const body = JSON.parse(exchange.response.body ?? 'null') as { title?: string };
    if (exchange.response.status === 200) {
      expect(await call).toEqual(JSON.parse(JSON.stringify(body).replaceAll('http://127.0.0.1:5000', master.url)));
      expect(master.seen[1]).toMatchObject({ method: 'POST', path: exchange.request.path });
      expect(master.seen[1]!.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' });
    } else {
      const error: unknown = await call.catch((thrown: unknown) => thrown);
      if (!isSlapError(error)) throw error;
      // What our own schema refuses is never sent; what the master refuses carries its words.
      const wasSent = master.seen.length === 2;
      expect(error.code).toMatch(
        wasSent ? /^SLAP_(NOT_FOUND|AUTHENTICATION|INVALID_ARGUMENT|HTTP_ERROR)$/ : /^SLAP_INVALID_ARGUMENT$/,
      );
      if (wasSent) expect(error.message).toContain(body.title);
    }
  });
});

describe('a client', () => {
  test('asks once whether the master speaks JSON-RPC', async () => {
    await using master = await startRecordedMaster([PROBE]);
    await using client = new SlapClient({ masterUrl: master.url });
    expect(await client.jsonRpc()).toBe(await client.jsonRpc());
    expect(master.seen).toHaveLength(1);
  });

  test('has none where the master does not', async () => {
    await using master = await startRecordedMaster([{ ...PROBE, response: { status: 404, body: '' } }]);
    await using client = new SlapClient({ masterUrl: master.url });
    expect(await client.jsonRpc()).toBeUndefined();
  });

  test('gets a value, not an error, for an instance that is still being made', async () => {
    const body = '{"message": "Software Instance Not Ready", "status": 102, "name": "SoftwareInstanceNotReady"}';
    const notReady = { ...PROBE, response: { ...PROBE.response, body } };
    await using master = await startRecordedMaster([PROBE, notReady, notReady]);
    await using client = new SlapClient({ masterUrl: master.url });
    const rpc = (await client.jsonRpc())!;
    const request = { title: 'a', software_release_uri: 'b', software_type: 'default' };
    expect(await rpc.requestInstance(request)).toMatchObject({ isReady: false });
    await expect(rpc.call('post.v0.software_instance', request)).rejects.toMatchObject({
      code: 'SLAP_NOT_READY',
      retryable: true,
    });
  });

  test('refuses an answer that is not as described', async () => {
    const odd = { ...PROBE, response: { ...PROBE.response, body: '{"title": 5}' } };
    await using master = await startRecordedMaster([PROBE, odd]);
    await using client = new SlapClient({ masterUrl: master.url });
    const rpc = (await client.jsonRpc())!;
    await expect(rpc.call('get.v0.instance_tree', { title: 'a' })).rejects.toMatchObject({
      code: 'SLAP_INVALID_DOCUMENT',
    });
  });
});
