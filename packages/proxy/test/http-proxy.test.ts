import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createProxy, type Proxy, type ProxyOptions } from '../src/index.js';
import { AllowedTargets } from '../src/http-proxy/allowed-targets.js';
import { TranscriptMatcher } from './support/transcript-matcher.js';
import type { Transcript } from './support/transcript.js';

const RECORDED = join(import.meta.dirname, 'fixtures/transcripts/24-http-proxy.json');
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** What the origin server was asked. */
const asked: { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
let origin: Server;
let host: string;

beforeAll(async () => {
  origin = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const { method, url = '', headers } = request;
      asked.push({ method, url, headers, body });
      answer(url.split('?')[0] ?? '', response);
    });
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  host = `127.0.0.1:${(origin.address() as AddressInfo).port}`;
});

afterAll(() => {
  origin.closeAllConnections();
  origin.close();
});

beforeEach(() => {
  asked.length = 0;
});

/** Answers like the server that was recorded, and in some other ways. */
function answer(path: string, response: ServerResponse): void {
  const common = {
    etag: '"e"',
    'cache-control': 'max-age=1',
    'access-control-allow-origin': '*',
    'www-authenticate': 'Basic',
    'x-secret': 'of the origin',
    'set-cookie': 'a=b; Path=/',
  };
  const type = path === '/notype' ? {} : { 'content-type': 'text/html' };
  const modified = path === '/304' ? {} : { 'last-modified': new Date(0).toUTCString() };
  const redirect = { '/redir': '/target?a=b', '/loop': '/loop', '/away': 'http://127.0.0.2:9/private' }[path];
  if (redirect !== undefined) {
    response.writeHead(302, { ...common, location: redirect }).end();
  } else if (path === '/created') {
    response.writeHead(201, { ...common, ...type, location: '/made?x=1' }).end('made');
  } else if (path === '/packed') {
    response.writeHead(200, { ...common, ...type, 'content-encoding': 'gzip' }).end(gzipSync('packed'));
  } else if (path === '/broken') {
    response.writeHead(200, { ...common, ...type, 'content-length': '100' }).write('half');
    setImmediate(() => response.destroy());
  } else {
    const status = Number(/^\/(\d{3})$/.exec(path)?.[1] ?? 200);
    response.writeHead(status, { ...common, ...type, ...modified }).end(status === 304 ? undefined : '<b>hello</b>');
  }
}

function proxyFor(
  httpProxy: NonNullable<ProxyOptions['httpProxy']> = { targets: ['127.0.0.1'], privateNetworks: LOOPBACK },
): Promise<Proxy> {
  return createProxy({ httpProxy });
}

async function get(proxy: Proxy, path: string, init: RequestInit = {}): Promise<Response> {
  return proxy.fetch(new Request(`http://127.0.0.1:5000/http_proxy/${path}`, init));
}

test('recorded exchanges are answered identically', async () => {
  // The ports of the recording are those of today's servers.
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const nobody = `127.0.0.1:${(closed.address() as AddressInfo).port}`;
  closed.close();
  await once(closed, 'close');
  const text = readFileSync(RECORDED, 'utf8').replaceAll('127.0.0.1:5005', host).replaceAll('127.0.0.1:5006', nobody);
  const transcript = JSON.parse(text) as Transcript;
  await using proxy = await proxyFor();
  const matcher = new TranscriptMatcher();
  for (const [index, { request, response }] of transcript.exchanges.entries()) {
    const answered = await proxy.fetch(
      new Request(`http://127.0.0.1:5000${request.path}`, {
        method: request.method,
        headers: { ...request.headers },
      }),
    );
    const got = { status: answered.status, body: await answered.text(), headers: answered.headers };
    matcher.expectEqual(got, response, `exchange ${index}: ${request.method} ${request.path}`);
  }
});

describe('what is passed on', () => {
  test('of a request: what a page needs, and nothing that is the client’s or the proxy’s', async () => {
    await using proxy = await proxyFor();
    const token = await proxy.userToken();
    const headers = {
      Cookie: 'c=1',
      Referer: 'http://r/',
      'X-Other': '1',
      Accept: 'text/css',
      Authorization: 'Basic eA==',
    };
    await (await get(proxy, `http/${host}/a%2Fb?x=%20`, { headers })).text();
    await (await get(proxy, `http/${host}/own`, { headers: { Authorization: `Bearer ${token}` } })).text();
    expect(asked.map(({ url }) => url)).toEqual(['/a%2Fb?x=%20', '/own']);
    expect(asked[0]?.headers).toMatchObject({ host, accept: 'text/css', authorization: 'Basic eA==' });
    expect(asked[0]?.headers).not.toHaveProperty('cookie');
    expect(asked[0]?.headers).not.toHaveProperty('referer');
    expect(asked[0]?.headers).not.toHaveProperty('x-other');
    expect(asked[1]?.headers).not.toHaveProperty('authorization');
  });

  test('of an answer: decoded, as an attachment, with places that lead back through the proxy', async () => {
    await using proxy = await proxyFor();
    const packed = await get(proxy, `http/${host}/packed`);
    expect(await packed.text()).toBe('packed');
    expect(packed.headers.get('content-encoding')).toBeNull();
    expect(packed.headers.get('content-disposition')).toBe('attachment');
    expect(packed.headers.get('x-secret')).toBeNull();
    expect(packed.headers.get('set-cookie')).toBeNull();
    const created = await get(proxy, `http/${host}/created`);
    expect(created.headers.get('location')).toBe(`http://127.0.0.1:5000/http_proxy/http/${host}/made?x=1`);
    await created.text();
  });

  test('a part is never taken for the whole', async () => {
    await using proxy = await proxyFor();
    const response = await get(proxy, `http/${host}/broken`);
    await expect(response.text()).rejects.toThrow();
  });

  test('a long answer comes as it is made, over a real connection', async () => {
    await using proxy = await proxyFor();
    let finish: (() => void) | undefined;
    const slow = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('first');
      finish = () => response.end('last');
    }).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const first = new Promise<void>((resolve) => {
      socket.setEncoding('utf8').on('data', (piece: string) => {
        received += piece;
        if (received.includes('first')) resolve();
      });
    });
    socket.write(
      `GET /http_proxy/http/127.0.0.1:${(slow.address() as AddressInfo).port}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    );
    await first;
    expect(received).not.toContain('last');
    finish?.();
    await once(socket, 'close');
    expect(received).toContain('last');
    slow.close();
  });
});

test('a server that speaks no TLS', async () => {
  await using proxy = await proxyFor();
  const response = await get(proxy, `https/${host}/`);
  expect({ status: response.status, body: await response.text() }).toEqual({
    status: 526,
    body: expect.stringContaining(`https://${host}/`) as string,
  });
});

describe('what is refused', () => {
  test('everything, unless hosts are named', async () => {
    await using proxy = await createProxy();
    const response = await get(proxy, `http/${host}/`);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('http_proxy_targets');
    expect(asked).toEqual([]);
  });

  test.each([
    ['another host', { targets: ['app.example'], privateNetworks: LOOPBACK }, 'none of the hosts'],
    ['another port', { targets: ['127.0.0.1:1'], privateNetworks: LOOPBACK }, 'none of the hosts'],
    ['a private address', { targets: ['*'], privateNetworks: [] }, 'private address'],
  ])('%s', async (_, rules, message) => {
    await using proxy = await proxyFor(rules);
    const response = await get(proxy, `http/${host}/`);
    expect({ status: response.status, named: (await response.text()).includes(message) }).toEqual({
      status: 403,
      named: true,
    });
    expect(asked).toEqual([]);
  });

  test('a name that leads to a private address', async () => {
    await using proxy = await proxyFor({ targets: ['localhost'] });
    const response = await get(proxy, `http/localhost:${host.split(':')[1] ?? ''}/`);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('localhost has only private addresses');
    expect(asked).toEqual([]);
  });

  test('a place that an allowed host leads to', async () => {
    await using proxy = await proxyFor({ targets: ['127.0.0.1'], privateNetworks: LOOPBACK });
    const response = await get(proxy, `http/${host}/away`);
    expect(response.status).toBe(403);
    await response.text();
  });

  test.each(['http/user@127.0.0.1/', 'http/%20/', 'http/%5B::1/', 'file/etc/passwd'])('no host: %s', async (path) => {
    await using proxy = await proxyFor();
    const response = await get(proxy, path);
    expect(response.status).toBe(400);
    await response.text();
  });

  test('what is no question: other methods', async () => {
    await using proxy = await proxyFor();
    const response = await get(proxy, `http/${host}/`, { method: 'POST', body: 'x' });
    expect(response.status).toBe(405);
    await response.text();
    expect(asked).toEqual([]);
  });

  test('clients without a token, where one is needed', async () => {
    await using proxy = await proxyFor();
    const { url } = await proxy.listen({ host: '127.0.0.1', port: 0, access: 'restricted' });
    const page = `${url}/http_proxy/http/${host}/`;
    const strange = await fetch(page);
    const own = await fetch(page, { headers: { Authorization: `Bearer ${await proxy.userToken()}` } });
    expect([strange.status, own.status]).toEqual([401, 200]);
    await Promise.all([strange.text(), own.text()]);
    expect(asked).toHaveLength(1);
  });

  test('rules that cannot be', async () => {
    await expect(proxyFor({ targets: ['*'], privateNetworks: ['10.0.0.0'] })).rejects.toThrow(
      expect.objectContaining({ code: 'PROXY_INVALID_OPTIONS' }),
    );
  });
});

describe('AllowedTargets', () => {
  test.each([
    ['app.example', 'app.example', true],
    ['APP.example', 'app.EXAMPLE', true],
    ['app.example:443', 'app.example', true],
    ['app.example:80', 'app.example', false],
    ['*.example', 'app.example', true],
    ['*.example', 'example', false],
    ['*.example', 'badexample', false],
    ['*', 'anything', true],
  ])('%s: %s %s', (target, name, isAllowed) => {
    expect(new AllowedTargets({ targets: [target], privateNetworks: [] }).allowsHost(name, 443)).toBe(isAllowed);
  });

  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:127.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    'no address',
  ])('%s is not public', (address) => {
    expect(new AllowedTargets({ targets: ['*'], privateNetworks: [] }).allowsAddress(address)).toBe(false);
  });

  test('public addresses, and private ones of networks that are named, may be reached', () => {
    const rules = new AllowedTargets({ targets: ['*'], privateNetworks: ['10.0.0.0/8', 'fd00::/8'] });
    expect(
      ['8.8.8.8', '2606:4700::1', '10.9.9.9', '::ffff:10.9.9.9', 'fd12::1', '192.168.0.1'].map((one) =>
        rules.allowsAddress(one),
      ),
    ).toEqual([true, true, true, true, true, false]);
  });
});
