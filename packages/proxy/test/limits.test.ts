import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';

import { describe, expect, test } from 'vitest';

import { createProxy, type ProxyLimits } from '../src/index.js';
import { post, requestForm } from './support/slap-calls.js';

const COMPUTER = 'COMP-1';

async function listening(
  limits: Partial<ProxyLimits> = {},
  options: { readonly allowedHosts?: readonly string[] } = {},
) {
  const proxy = await createProxy({ computerId: COMPUTER, limits, ...options });
  await proxy.seed({ computers: { [COMPUTER]: { partitions: 1 } } });
  const { url, port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return { proxy, url, port, [Symbol.asyncDispose]: () => proxy.close() };
}

/** Sends bytes as they are, and gives what comes back until the server closes. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  return readToEnd(socket);
}

async function readToEnd(socket: Socket): Promise<string> {
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => (answer += String(chunk)));
  socket.on('error', () => undefined); // The server may close while we still write.
  await once(socket, 'close');
  return answer;
}

const head = (path: string, headers: Record<string, string | number>, method = 'POST') =>
  `${method} ${path} HTTP/1.1\r\n${Object.entries({ Host: '127.0.0.1', ...headers })
    .map(([name, value]) => `${name}: ${value}`)
    .join('\r\n')}\r\n\r\n`;

describe('one client cannot use up what the others need', () => {
  test('a body that says that it is too large is refused before it is read', async () => {
    await using server = await listening({ maxBodyBytes: 1_000 });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': 100_000_000 };
    const answer = await exchange(server.port, head('/loadComputerConfigurationFromXML', headers));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('1000 bytes');
  });

  test('a body without a length is refused when it grows too large', async () => {
    await using server = await listening({ maxBodyBytes: 1_000 });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Transfer-Encoding': 'chunked' };
    const chunk = `400\r\n${'x'.repeat(0x400)}\r\n`;
    expect(await exchange(server.port, head('/supplySupply', headers) + chunk.repeat(10))).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('large bodies share a bounded amount of memory: those that find none are told to come back', async () => {
    const mebibyte = 1024 * 1024;
    await using server = await listening({ maxBufferedBytes: 3 * mebibyte });
    const body = new URLSearchParams({
      url: 'u',
      computer_id: COMPUTER,
      error_log: 'x'.repeat(3 * mebibyte),
    }).toString();
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': body.length,
      Connection: 'close',
    };
    const path = '/softwareReleaseError';
    // The first has sent all but its end.
    const first = connect(server.port, '127.0.0.1');
    await new Promise<void>((resolve) => first.write(head(path, headers) + body.slice(0, -1), () => resolve()));
    const second = () => exchange(server.port, head(path, headers) + body);
    await expect.poll(second).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1[^]*Too many large requests/i);
    // Ordinary ones need none of it.
    expect(await exchange(server.port, head('/getRunId', { Connection: 'close' }, 'GET'))).toMatch(/^HTTP\/1\.1 200 /);
    first.write(body.slice(-1));
    expect(await readToEnd(first)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await second()).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('headers that are too large are refused', async () => {
    await using server = await listening({ maxHeaderBytes: 2_000 });
    expect(await exchange(server.port, head('/getRunId', { Cookie: 'x'.repeat(5_000) }, 'GET'))).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  test('connections beyond the cap are told 503, and others go on', async () => {
    await using server = await listening({ maxConnections: 5 });
    const sockets = Array.from({ length: 5 }, () => connect(server.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    expect(await exchange(server.port, head('/getRunId', {}, 'GET'))).toMatch(/^HTTP\/1\.1 503 /);
    sockets[0]!.write(head('/getRunId', { Connection: 'close' }, 'GET'));
    expect(await readToEnd(sockets[0]!)).toMatch(/^HTTP\/1\.1 200 /);
    // Its place is free now.
    expect((await fetch(`${server.url}/getRunId`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test('a client that sends its headers, or its body, too slowly is cut off, while others are served', async () => {
    await using server = await listening({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const slowHeaders = exchange(server.port, 'POST /supplySupply HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    const slowBody = exchange(
      server.port,
      `${head('/supplySupply', { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': 100 })}url=`,
    );
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await fetch(`${server.url}/getRunId`)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await slowHeaders).toMatch(/^HTTP\/1\.1 408 /);
    expect(await slowBody).toMatch(/^HTTP\/1\.1 408 |^$/);
  });

  test('many large bodies and many connections at once are refused, and a node still gets its answer', async () => {
    await using server = await listening({ maxBodyBytes: 100_000, maxConnections: 200 });
    await using client = await server.proxy.client();
    const large = `x=${'y'.repeat(200_000)}`;
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        if (index % 2 === 0) return (await client.registerComputer(COMPUTER).fetchInformation()).partitions.length;
        const headers = {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Content-Length': large.length,
          Connection: 'close',
        };
        return exchange(server.port, head('/supplySupply', headers) + large);
      }),
    );
    for (const [index, answer] of answers.entries()) {
      if (index % 2 === 0) expect(answer).toBe(1);
      else expect(answer).toMatch(/^HTTP\/1\.1 413 |^$/);
    }
  });
});

describe('a web page in somebody’s browser cannot use the proxy', () => {
  const call = async (
    headers: Record<string, string>,
    options: { method?: string; allowedHosts?: readonly string[] } = {},
  ) => {
    await using server = await listening({}, { allowedHosts: options.allowedHosts ?? [] });
    const path = options.method === 'GET' ? '/getRunId' : '/computerBang';
    const answer = await exchange(
      server.port,
      head(path, { Connection: 'close', 'Content-Length': 0, ...headers }, options.method),
    );
    return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
  };

  test.each([
    ['another host name (DNS rebinding)', { Host: 'evil.example' }, 403],
    ['another host name with a port', { Host: 'evil.example:5000' }, 403],
    ['a form of another site', { Origin: 'https://evil.example' }, 403],
    ['a form of a sandboxed page', { Origin: 'null' }, 403],
    ['a request that a browser marks as foreign', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a request of a page on another port', { Host: '127.0.0.1:5000', Origin: 'http://127.0.0.1:6000' }, 403],
    [
      'a page of the proxy itself',
      { Host: '127.0.0.1:5000', Origin: 'http://127.0.0.1:5000', 'Sec-Fetch-Site': 'same-origin' },
      200,
    ],
    ['a program, by address', { Host: '192.168.1.1:5000' }, 200],
    ['a program, by IPv6 address', { Host: '[2001:db8::1]:5000' }, 200],
    ['a program, by localhost', { Host: 'localhost:5000' }, 200],
    ['a program, by the name of the machine', { Host: `${hostname()}:5000` }, 200],
  ])('%s', async (_name, headers, status) => {
    expect(await call(headers as unknown as Record<string, string>)).toBe(status);
  });

  test('reading is refused to foreign hosts too', async () => {
    expect(await call({ Host: 'evil.example' }, { method: 'GET' })).toBe(403);
  });

  test('names can be allowed', async () => {
    expect(await call({ Host: 'Proxy.example:80' }, { allowedHosts: ['proxy.example'] })).toBe(200);
    expect(await call({ Host: 'other.example' }, { allowedHosts: ['proxy.example'] })).toBe(403);
  });
});

test('headers of a front end count only when they are trusted', async () => {
  const rootOf = async (trustForwardedHeaders: boolean) => {
    await using proxy = await createProxy({ trustForwardedHeaders });
    const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/pre' };
    return await (await proxy.fetch(new Request('http://127.0.0.1:5000/getHateoasUrl', { headers }))).text();
  };
  expect(await rootOf(false)).toBe('http://127.0.0.1:5000/hateoas/');
  expect(await rootOf(true)).toBe('https://127.0.0.1:5000/pre/hateoas/');
});

test('a name that looks like markup is shown as text', async () => {
  await using proxy = await createProxy();
  const answer = await post(
    (request) => proxy.fetch(request),
    'http://localhost/requestComputerPartition',
    requestForm('<script>alert(1)</script>'),
  );
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain('<script>');
  expect(answer.body).toContain('&lt;script&gt;');
});
