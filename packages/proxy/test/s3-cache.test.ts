import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { createProxy, type Proxy, type ProxyOptions } from '../src/index.js';
import { type S3Storage, startS3Storage } from './support/s3-storage.js';

const BASE = 'http://localhost';
const MEBIBYTE = 1024 * 1024;

type S3 = NonNullable<NonNullable<ProxyOptions['sharedCache']>['s3']>;

let storage: S3Storage;
beforeAll(async () => {
  storage = await startS3Storage('shared-cache');
});
afterAll(() => storage[Symbol.asyncDispose]());

function cacheIn(s3: Partial<S3> = {}, maxTotalBytes = 1024 * MEBIBYTE): Promise<Proxy> {
  return createProxy({ sharedCache: { s3: { ...placeOf(storage), ...s3 }, maxTotalBytes } });
}

function placeOf({ endpoint, bucket, accessKeyId, secretAccessKey }: S3Storage): S3 {
  return { endpoint, bucket, accessKeyId, secretAccessKey };
}

async function send(
  proxy: Proxy,
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
): Promise<{ status: number; body: Buffer }> {
  const init = body === undefined ? { method } : { method, body, headers: { 'content-type': 'application/json' } };
  const response = await proxy.fetch(new Request(BASE + path, init));
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

function sha512(content: string | Uint8Array): string {
  return createHash('sha512').update(content).digest('hex');
}

const entryOf = (content: string) => JSON.stringify([JSON.stringify({ sha512: sha512(content) }), 'signature']);

test('contents and entries are kept in a bucket, for every proxy that uses it', async () => {
  await using one = await cacheIn({ prefix: 'team/' });
  await using other = await cacheIn({ prefix: 'team/' });
  await using stranger = await cacheIn();
  for (const content of ['some content', '']) {
    const put = await send(one, 'PUT', `/shacache/cache/${sha512(content)}`, content);
    expect([put.status, String(put.body)]).toEqual([201, sha512(content)]);
    const got = await send(other, 'GET', `/shacache/cache/${sha512(content)}`);
    expect([got.status, String(got.body)]).toEqual([200, content]);
    expect((await send(stranger, 'GET', `/shacache/cache/${sha512(content)}`)).status).toBe(404);
  }
  const key = 'pypi:a+b=1.0~rc@1,2';
  expect((await send(one, 'PUT', `/shacache/dir/${encodeURIComponent(key)}`, entryOf('some content'))).status).toBe(
    201,
  );
  expect((await send(one, 'PUT', '/shacache/dir/gone', entryOf('never stored'))).status).toBe(201);
  const entry = await send(other, 'GET', `/shacache/dir/${encodeURIComponent(key)}`);
  expect(JSON.parse(String(entry.body))).toEqual([JSON.parse(entryOf('some content'))]);
  expect(JSON.parse(String((await send(other, 'POST', '/shacache/update')).body))).toEqual({
    removed: ['gone'],
    updated: [],
  });
  expect((await send(one, 'GET', '/shacache/dir/gone')).status).toBe(404);
  expect((await send(one, 'GET', `/shacache/dir/${encodeURIComponent(key)}`)).status).toBe(200);
});

test('a large content goes there in parts, and comes back whole', async () => {
  await using proxy = await cacheIn({ partBytes: 5 * MEBIBYTE });
  const content = randomBytes(12 * MEBIBYTE + 7);
  const hash = sha512(content);
  expect((await send(proxy, 'POST', '/shacache/cache', content)).status).toBe(201);
  const got = await send(proxy, 'GET', `/shacache/cache/${hash}`);
  expect(sha512(got.body)).toBe(hash);
  const head = await proxy.fetch(new Request(`${BASE}/shacache/cache/${hash}`, { method: 'HEAD' }));
  expect(head.headers.get('content-length')).toBe(String(content.byteLength));
});

test('what is not what it should be is not stored, and leaves no file behind', async () => {
  await using proxy = await cacheIn();
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('slapos-upload-'));
  const wrong = await send(proxy, 'PUT', `/shacache/cache/${sha512('expected')}`, 'something else');
  expect([wrong.status, String(wrong.body)]).toEqual([400, expect.stringContaining('Checksum mismatch')]);
  expect((await send(proxy, 'GET', `/shacache/cache/${sha512('something else')}`)).status).toBe(404);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('slapos-upload-') && !before.includes(name))).toEqual(
    [],
  );
});

test('what is in the bucket counts for how large the cache may become', async () => {
  await using first = await cacheIn({ prefix: 'small/' }, 100);
  expect((await send(first, 'POST', '/shacache/cache', 'x'.repeat(60))).status).toBe(201);
  await using second = await cacheIn({ prefix: 'small/' }, 100);
  expect((await send(second, 'POST', '/shacache/cache', 'y'.repeat(60))).status).toBe(413);
  // What is there already takes no more room.
  expect((await send(second, 'POST', '/shacache/cache', 'x'.repeat(40))).status).toBe(201);
});

test.each([
  ['a wrong secret', { secretAccessKey: 'wrong' }, /status 403 \(SignatureDoesNotMatch\)/],
  ['a bucket that is not there', { bucket: 'nothing-here' }, /status 404 \(NoSuchBucket\)/],
  ['a storage that is not there', { endpoint: 'http://127.0.0.1:1' }, /bad port|ECONNREFUSED/],
])('%s is told', async (_, s3, message) => {
  await using proxy = await cacheIn(s3);
  const { status, body } = await send(proxy, 'POST', '/shacache/cache', 'content');
  expect([status, String(body)]).toEqual([503, expect.stringMatching(message)]);
  expect(String(body)).not.toContain('wrong');
});

test('a cache has one place', async () => {
  const s3 = placeOf(storage);
  for (const sharedCache of [{}, { contentDirectory: '/c' }, { s3, contentDirectory: '/c', metadataDirectory: '/m' }])
    await expect(createProxy({ sharedCache })).rejects.toMatchObject({ code: 'PROXY_INVALID_OPTIONS' });
});
