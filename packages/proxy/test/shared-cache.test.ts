import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { createProxy, type Proxy, type ProxyOptions } from '../src/index.js';
import { temporaryFolder } from './support/server-process.js';

const BASE = 'http://localhost';
const sha512 = (content: string | Uint8Array) => createHash('sha512').update(content).digest('hex');

type CacheOptions = Partial<NonNullable<ProxyOptions['sharedCache']>>;

const cacheIn = (folder: string, options: CacheOptions = {}): Promise<Proxy> =>
  createProxy({
    sharedCache: { contentDirectory: join(folder, 'content'), metadataDirectory: join(folder, 'meta'), ...options },
  });

async function send(
  proxy: Proxy,
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number; body: string; type: string | null }> {
  const init = body === undefined ? { method } : { method, body, headers: { 'content-type': 'application/json' } };
  const response = await proxy.fetch(new Request(BASE + path, init));
  return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
}

const entryOf = (content: string) => JSON.stringify([JSON.stringify({ sha512: sha512(content) }), 'signature']);

test('a large content goes through a real server and back, part by part', async () => {
  using folder = temporaryFolder();
  await using proxy = await cacheIn(folder.path);
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  // Larger than what other bodies may be.
  const part = Buffer.alloc(1024 * 1024, 'slapos ');
  const parts = 80;
  const digest = createHash('sha512');
  for (let index = 0; index < parts; index += 1) digest.update(part);
  const hash = digest.digest('hex');
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === parts) controller.close();
      else controller.enqueue(part);
      sent += 1;
    },
  });
  const put = await fetch(`${url}/shacache/cache/${hash}`, { method: 'PUT', body, duplex: 'half' });
  expect([put.status, await put.text()]).toEqual([201, hash]);
  const got = await fetch(`${url}/shacache/cache/${hash.toUpperCase()}`);
  expect(got.headers.get('content-length')).toBe(String(parts * part.byteLength));
  const check = createHash('sha512');
  for await (const chunk of got.body as unknown as AsyncIterable<Uint8Array>) check.update(chunk);
  expect(check.digest('hex')).toBe(hash);
  const again = await fetch(`${url}/shacache/cache/${hash}`, { headers: { 'if-none-match': `"${hash}"` } });
  expect(again.status).toBe(304);
  expect(statSync(join(folder.path, 'content', hash)).mode & 0o777).toBe(0o600);
});

test('an upload that breaks, or is something else, leaves nothing', async () => {
  using folder = temporaryFolder();
  await using proxy = await cacheIn(folder.path);
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(Buffer.from('half'));
      controller.error(new Error('the client is gone'));
    },
  });
  const request = new Request(`${BASE}/shacache/cache`, {
    method: 'POST',
    body: broken,
    duplex: 'half',
  });
  expect((await proxy.fetch(request)).status).toBeGreaterThanOrEqual(400);
  expect((await send(proxy, 'PUT', `/shacache/cache/${sha512('a')}`, 'b')).status).toBe(400);
  expect(readdirSync(join(folder.path, 'content'))).toEqual([]);
});

test('the cache does not grow beyond its bound, also after a restart', async () => {
  using folder = temporaryFolder();
  {
    await using proxy = await cacheIn(folder.path, { maxTotalBytes: 10 });
    expect((await send(proxy, 'POST', '/shacache/cache', '12345678')).status).toBe(201);
    const answer = await send(proxy, 'POST', '/shacache/cache', 'abc');
    expect(answer.status).toBe(413);
    expect(answer.body).toContain('larger than 10 bytes');
  }
  await using proxy = await cacheIn(folder.path, { maxTotalBytes: 10 });
  expect((await send(proxy, 'POST', '/shacache/cache', 'abc')).status).toBe(413);
  expect((await send(proxy, 'POST', '/shacache/cache', 'ab')).status).toBe(201);
  expect((await send(proxy, 'GET', `/shacache/cache/${sha512('12345678')}`)).body).toBe('12345678');
});

test('uploads at the same time share the bound, and what one could not use is free for the next', async () => {
  using folder = temporaryFolder();
  await using proxy = await cacheIn(folder.path, { maxTotalBytes: 10 });
  const upload = (content: string) => send(proxy, 'POST', '/shacache/cache', content);
  const answers = await Promise.all(['11111111', '22222222', '33333333'].map(upload));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201).length).toBeLessThanOrEqual(1);
  expect(statuses.filter((status) => status !== 201 && status !== 413)).toEqual([]);
  const stored = () =>
    readdirSync(join(folder.path, 'content')).reduce(
      (sum, name) => sum + statSync(join(folder.path, 'content', name)).size,
      0,
    );
  expect(stored()).toBeLessThanOrEqual(10);
  // The same content twice takes its room once, also when both are written at the same time.
  expect((await Promise.all(['x', 'x'].map(upload))).map(({ status }) => status)).toEqual([201, 201]);
  expect((await upload('y'.repeat(10 - stored()))).status).toBe(201);
  expect(stored()).toBe(10);
  expect((await upload('z')).status).toBe(413);
});

test('a folder that could not be read is read again by the next upload', async () => {
  using folder = temporaryFolder();
  await using proxy = await cacheIn(folder.path);
  const content = join(folder.path, 'content');
  writeFileSync(content, 'a file where the folder should be');
  expect((await send(proxy, 'POST', '/shacache/cache', 'a')).status).toBeGreaterThanOrEqual(400);
  rmSync(content);
  mkdirSync(content);
  // A link to nothing: its size cannot be told.
  symlinkSync(join(folder.path, 'nowhere'), join(content, sha512('gone')));
  expect((await send(proxy, 'POST', '/shacache/cache', 'a')).status).toBeGreaterThanOrEqual(400);
  rmSync(join(content, sha512('gone')));
  expect((await send(proxy, 'POST', '/shacache/cache', 'a')).status).toBe(201);
});

test('what is not here comes from the server behind it, once, and is kept', async () => {
  using far = temporaryFolder();
  using near = temporaryFolder();
  const origin = await cacheIn(far.path);
  const { url } = await origin.listen({ host: '127.0.0.1', port: 0 });
  const hash = sha512('content');
  await send(origin, 'POST', '/shacache/cache', 'content');
  await send(origin, 'PUT', '/shacache/dir/key', entryOf('content'));
  const upstream = { upstreamCacheUrl: `${url}/shacache/cache`, upstreamDirUrl: `${url}/shacache/dir/` };
  await using proxy = await cacheIn(near.path, upstream);
  const answers = await Promise.all([1, 2, 3].map(() => send(proxy, 'GET', `/shacache/cache/${hash}`)));
  expect(answers.map(({ body }) => body)).toEqual(['content', 'content', 'content']);
  expect((await send(proxy, 'GET', '/shacache/dir/key')).type).toBe('application/json');
  expect((await send(proxy, 'GET', `/shacache/cache/${sha512('other')}`)).status).toBe(404);
  expect((await send(proxy, 'GET', '/shacache/dir/unknown')).status).toBe(404);

  await send(origin, 'PUT', '/shacache/dir/key', entryOf('newer'));
  await send(proxy, 'PUT', '/shacache/dir/own', entryOf('mine'));
  expect(JSON.parse((await send(proxy, 'POST', '/shacache/update')).body)).toEqual({
    removed: ['own'],
    updated: ['key'],
  });
  await origin.close();
  expect((await send(proxy, 'GET', `/shacache/cache/${hash}`)).body).toBe('content');
  expect((await send(proxy, 'GET', '/shacache/dir/key')).body).toContain(sha512('newer'));
  const failed = await send(proxy, 'GET', `/shacache/cache/${sha512('other')}`);
  expect(failed.status).toBe(502);
  expect(failed.body).toContain('Upstream error: ');
  // What cannot be asked for is kept.
  expect(JSON.parse((await send(proxy, 'POST', '/shacache/update')).body)).toEqual({ removed: [], updated: [] });
});

test('a server behind it that fails or lies changes nothing', async () => {
  using folder = temporaryFolder();
  let [status, body] = [500, ''];
  const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using proxy = await cacheIn(folder.path, { upstreamCacheUrl: url, upstreamDirUrl: url });
  const hash = sha512('content');
  expect(await send(proxy, 'GET', `/shacache/cache/${hash}`)).toMatchObject({
    status: 502,
    body: expect.stringContaining('Upstream returned 500') as string,
  });
  [status, body] = [200, 'something else'];
  expect((await send(proxy, 'GET', `/shacache/cache/${hash}`)).status).toBe(502);
  expect((await send(proxy, 'GET', '/shacache/dir/key')).status).toBe(502);
  expect(readdirSync(join(folder.path, 'content'))).toEqual([]);
  server.closeAllConnections();
  server.close();
});

test.each(['..%2Fproxy.db', '.hidden', 'a%2Fb', '%00', 'x'.repeat(300)])('the key %s is none', async (key) => {
  using folder = temporaryFolder();
  await using proxy = await cacheIn(folder.path);
  writeFileSync(join(folder.path, 'proxy.db'), 'secret');
  expect((await send(proxy, 'GET', `/shacache/dir/${key}`)).status).toBe(404);
  expect((await send(proxy, 'PUT', `/shacache/dir/${key}`, entryOf('x'))).status).toBeGreaterThanOrEqual(400);
  expect(readFileSync(join(folder.path, 'proxy.db'), 'utf8')).toBe('secret');
});
