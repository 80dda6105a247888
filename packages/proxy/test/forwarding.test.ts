import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { marshal } from '@slapos/slap';
import { describe, expect, test } from 'vitest';

import { createProxy, type Proxy, type ProxyOptions } from '../src/index.js';
import { post, requestForm } from './support/slap-calls.js';
import type { Exchange, Transcript } from './support/transcript.js';
import { TranscriptMatcher } from './support/transcript-matcher.js';

const OWN_URL = 'http://127.0.0.1:5000';
const RECORDED_MASTER = '127.0.0.1:5001';
const RECORDED_BUSY_MASTER = '127.0.0.1:5003';
const EXTERNAL_COMPUTER = 'COMP-EXT';
/** A port that nobody listens on: 1 is reserved, and needs privileges. */
const NOBODY = 'http://127.0.0.1:1';

/** A small server that ends with the test. */
async function serve(
  listener: RequestListener,
): Promise<AsyncDisposable & { readonly host: string; readonly server: Server }> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const answering =
  (status: number, body = ''): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status).end(body);
  };

/** The second master of the recordings: eight partitions, and in the first of them an instance, where there is one. */
async function externalMaster(agents: readonly string[]): Promise<Proxy> {
  const proxy = await createProxy({ computerId: EXTERNAL_COMPUTER });
  const partitionList = Array.from({ length: 8 }, (_, index) => ({
    reference: `slappart${index}`,
    tap: { name: `slaptap${index}` },
    address_list: [
      { addr: `10.0.9.${index + 1}`, netmask: '255.255.255.255' },
      { addr: `2001:db8:9::${index + 1}`, netmask: 'ffff:ffff:ffff::' },
    ],
  }));
  const xml = marshal({ reference: EXTERNAL_COMPUTER, address: null, netmask: null, partition_list: partitionList });
  await post((request) => proxy.fetch(request), `${OWN_URL}/loadComputerConfigurationFromXML`, { xml });
  await proxy.seed({
    instances: agents.map((partitionReference) => ({
      partitionReference,
      softwareReleaseUrl: 'https://sr.example/agent.cfg',
    })),
  });
  return proxy;
}

/** Where we answer otherwise than the Python proxy, on purpose, by number of the exchange. */
type Differences = ReadonlyMap<number, { readonly status: number; readonly body: RegExp }>;
const NO_DIFFERENCES: Differences = new Map();
const RPC_DIFFERENCES: Differences = new Map([
  [
    2,
    { status: 200, body: /^\{"message": "Resource not ready", "name": "SoftwareInstanceNotReady", "status": 102\}$/ },
  ],
  [3, { status: 403, body: /did not specify key or certificate\./ }],
]);

test.each([
  { file: '14-multimaster.json', agents: ['agent'], differences: NO_DIFFERENCES },
  { file: '29-rpc-forward.json', agents: [], differences: RPC_DIFFERENCES },
])('the recorded forwarding of $file is repeated, on both sides', async ({ file, agents, differences }) => {
  await using external = await externalMaster(agents);
  const { url: externalUrl } = await external.listen({ host: '127.0.0.1', port: 0 });
  const seen: { path: string; form: Record<string, string> }[] = [];
  // A relay, to see what we send.
  await using relay = await serve((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
      if (request.method === 'POST')
        seen.push({ path: request.url!, form: Object.fromEntries(new URLSearchParams(body)) });
      const answer = await fetch(externalUrl + request.url!, {
        method: request.method!,
        headers: { 'content-type': request.headers['content-type'] ?? '' },
        ...(request.method === 'POST' ? { body } : {}),
      });
      response.writeHead(answer.status).end(await answer.text());
    })();
  });
  await using busy = await serve(answering(408));
  const text = readFileSync(join(import.meta.dirname, 'fixtures/transcripts', file), 'utf8')
    .replaceAll(RECORDED_MASTER, relay.host)
    .replaceAll(RECORDED_BUSY_MASTER, busy.host);
  await using proxy = await createProxy({
    computerId: 'COMP-1234',
    multimaster: [
      { url: `http://${relay.host}`, softwareReleaseUrls: ['https://ext.example/listed.cfg'] },
      {
        url: `http://${relay.host}/`,
        softwareReleaseUrls: ['https://ext.example/from-partition.cfg'],
        computerId: EXTERNAL_COMPUTER,
        partitionId: 'slappart0',
      },
      { url: 'https://secure.example/', softwareReleaseUrls: ['https://ext.example/secure.cfg'] },
      { url: NOBODY, softwareReleaseUrls: ['https://ext.example/down.cfg'] },
      { url: `http://${busy.host}`, softwareReleaseUrls: ['https://ext.example/notready.cfg'] },
    ],
  });
  const matcher = new TranscriptMatcher();
  for (const [index, exchange] of (JSON.parse(text) as Transcript).exchanges.entries()) {
    seen.length = 0;
    const { method, path, form, json, headers } = exchange.request;
    const rpcBody = json === undefined ? undefined : JSON.stringify(json);
    const content = form === undefined ? rpcBody : new URLSearchParams(form).toString();
    const body = content === undefined ? {} : { body: content };
    const response = await proxy.fetch(new Request(OWN_URL + path, { method, headers: new Headers(headers), ...body }));
    const answer = { status: response.status, body: await response.text(), headers: response.headers };
    const place = `exchange ${index}: ${exchange.comment ?? path}`;
    const difference = differences.get(index);
    if (difference !== undefined) {
      expect(answer.status, place).toBe(difference.status);
      expect(answer.body, place).toMatch(difference.body);
      continue;
    }
    if (exchange.response.status === 500) {
      // A failure of the other master is not one of ours.
      expect(answer.status, place).toBe(502);
      continue;
    }
    matcher.expectEqual(answer, exchange.response, place);
    if (exchange.response.status !== 408) expect(seen, place).toEqual(postsTo(relay.host, exchange));
  }
});

function postsTo(host: string, { upstream = [] }: Exchange): unknown[] {
  return upstream
    .filter(({ request }) => request.method === 'POST' && (request.headers?.['Host'] ?? host) === host)
    .map(({ request }) => ({
      path: request.path,
      // Requests that came over JSON-RPC are the user's, too.
      form: JSON.parse(JSON.stringify(request.form).replaceAll('None_', 'user_')) as unknown,
    }));
}

describe('what the other master does is told as it is', () => {
  const RELEASE = 'https://ext.example/listed.cfg';
  const request = async (listener: RequestListener, options: ProxyOptions = {}) => {
    await using master = await serve(listener);
    await using proxy = await createProxy({
      ...options,
      multimaster: [{ url: `http://${master.host}`, softwareReleaseUrls: [RELEASE] }],
    });
    // Awaited here: what is used ends when this function does.
    return await post(
      (call) => proxy.fetch(call),
      `${OWN_URL}/requestComputerPartition`,
      requestForm('x', { softwareReleaseUrl: RELEASE }),
    );
  };

  test.each([
    [404, '', 404],
    [403, '', 502],
    [500, '', 502],
    [302, '', 502],
    [408, '', 408],
    [200, '<html>a portal</html>', 502],
    [200, '', 502],
    [200, marshal({ a: 'dictionary' }), 502],
    [200, marshal('text'), 502],
  ])('status %i, body %j: we answer %i', async (status, body, expected) => {
    expect((await request(answering(status, body))).status).toBe(expected);
  });

  test('a connection that breaks is tried again', async () => {
    let calls = 0;
    await using external = await externalMaster([]);
    const answer = await request((call, response) => {
      calls += 1;
      if (calls < 3) call.socket.destroy();
      else {
        void (async () => {
          const form = await new Response(call as never).text();
          const headers = { 'content-type': 'application/x-www-form-urlencoded' };
          const upstream = await external.fetch(
            new Request(OWN_URL + call.url!, { method: 'POST', body: form, headers }),
          );
          response.end(await upstream.text());
        })();
      }
    });
    expect(calls).toBe(3);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(EXTERNAL_COMPUTER);
  });
});

test('a circle of masters is noticed', async () => {
  const RELEASE = 'https://ext.example/round.cfg';
  const proxies: Proxy[] = [];
  // Each needs the address of the other before it exists: a door that is hung up later.
  await using firstDoor = await serve((call, response) => void forwardTo(proxies[0]!, call, response));
  await using secondDoor = await serve((call, response) => void forwardTo(proxies[1]!, call, response));
  const knows = (host: string) =>
    createProxy({ multimaster: [{ url: `http://${host}`, softwareReleaseUrls: [RELEASE] }] });
  await using first = await knows(secondDoor.host);
  await using second = await knows(firstDoor.host);
  proxies.push(first, second);
  const answer = await post(
    (call) => first.fetch(call),
    `${OWN_URL}/requestComputerPartition`,
    requestForm('x', { softwareReleaseUrl: RELEASE }),
  );
  expect(answer.status).toBe(502);
});

async function forwardTo(proxy: Proxy, ...[call, response]: Parameters<RequestListener>): Promise<void> {
  const headers = new Headers(
    Object.entries(call.headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const answer = await proxy.fetch(
    new Request(OWN_URL + call.url!, { method: 'POST', headers, body: await new Response(call as never).text() }),
  );
  response.writeHead(answer.status).end(await answer.text());
}
