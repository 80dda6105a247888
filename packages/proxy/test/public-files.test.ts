import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { createProxy, type Proxy } from '../src/index.js';
import { temporaryFolder } from './support/server-process.js';

const PUBLIC = '/panel/public';

interface Setup extends AsyncDisposable {
  readonly proxy: Proxy;
  readonly url: string;
  readonly folder: string;
}

/** A proxy whose public folder has a few files, with a secret beside it. */
async function setUp(): Promise<Setup> {
  const folder = temporaryFolder();
  const publicDirectory = join(folder.path, 'public');
  mkdirSync(join(publicDirectory, 'sub'), { recursive: true });
  mkdirSync(join(folder.path, 'public-not'));
  writeFileSync(join(folder.path, 'secret'), 'secret');
  writeFileSync(join(folder.path, 'public-not/secret'), 'secret');
  writeFileSync(join(publicDirectory, 'a.txt'), 'hello');
  writeFileSync(join(publicDirectory, 'sub/b.json'), '{}');
  const proxy = await createProxy({ publicDirectory });
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return {
    proxy,
    url,
    folder: publicDirectory,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      folder[Symbol.dispose]();
    },
  };
}

/** Asks for a path exactly as it is written: `fetch` would tidy it up. */
function getAsWritten(url: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    httpRequest(`${url}/`, { path }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

test('files are attachments, with what is needed to ask again only when they change', async () => {
  await using server = await setUp();
  const answer = await fetch(`${server.url}${PUBLIC}/a.txt`);
  const etag = answer.headers.get('etag')!;
  const modified = answer.headers.get('last-modified')!;
  expect({ status: answer.status, headers: Object.fromEntries(answer.headers) }).toMatchObject({
    status: 200,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename=a.txt',
      'cache-control': 'no-cache',
      'accept-ranges': 'bytes',
      'content-length': '5',
      'x-content-type-options': 'nosniff',
    },
  });
  expect(await answer.text()).toBe('hello');
  const status = async (headers: Record<string, string>, method = 'GET') => {
    const again = await fetch(`${server.url}${PUBLIC}/a.txt`, { headers, method });
    await again.body?.cancel();
    return again.status;
  };
  expect(await status({ 'if-none-match': `"other", W/${etag}` })).toBe(304);
  expect(await status({ 'if-none-match': '*' })).toBe(304);
  expect(await status({ 'if-none-match': '"other"', 'if-modified-since': modified })).toBe(200);
  expect(await status({ 'if-modified-since': modified })).toBe(304);
  expect(await status({ 'if-modified-since': 'soon' })).toBe(200);
  const later = new Date(Date.parse(modified) + 5_000);
  utimesSync(join(server.folder, 'a.txt'), later, later);
  expect(await status({ 'if-modified-since': modified })).toBe(200);
  expect(await status({ 'if-none-match': etag })).toBe(200);
  expect(await status({}, 'POST')).toBe(405);
  expect(await status({}, 'OPTIONS')).toBe(200);

  const head = await fetch(`${server.url}${PUBLIC}/sub/b.json`, { method: 'HEAD' });
  expect([head.headers.get('content-type'), head.headers.get('content-length')]).toEqual(['application/json', '2']);
});

test('parts of a file', async () => {
  await using server = await setUp();
  const part = async (range: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server.url}${PUBLIC}/a.txt`, { headers: { range, ...headers } });
    return [answer.status, answer.headers.get('content-range'), await answer.text()];
  };
  expect(await part('bytes=1-2')).toEqual([206, 'bytes 1-2/5', 'el']);
  expect(await part('bytes=-2')).toEqual([206, 'bytes 3-4/5', 'lo']);
  expect(await part('bytes=5-')).toEqual([416, 'bytes */5', '']);
  expect(await part('bytes=0-0,2-3')).toEqual([200, null, 'hello']);
  expect(await part('bytes=1-2', { 'if-range': '"what it was before"' })).toEqual([200, null, 'hello']);
});

test('a large file goes out part by part; an empty one, and one with an odd name, as they are', async () => {
  await using server = await setUp();
  const size = 300 * 1024 * 1024;
  writeFileSync(join(server.folder, 'large.iso'), '');
  truncateSync(join(server.folder, 'large.iso'), size);
  const answer = await fetch(`${server.url}${PUBLIC}/large.iso`);
  let received = 0;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    received += chunk.byteLength;
    // Had it been read as a whole, the process would hold all of it.
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(size / 2);
  }
  expect(received).toBe(size);

  writeFileSync(join(server.folder, 'leer é.cfg'), '');
  const empty = await fetch(`${server.url}${PUBLIC}/${encodeURIComponent('leer é.cfg')}`);
  expect([empty.status, await empty.text()]).toEqual([200, '']);
  expect(empty.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''leer%20%C3%A9.cfg");
  expect(empty.headers.get('content-type')).toBe('application/octet-stream');
});

test('nothing outside the folder, and nothing but files', async () => {
  await using server = await setUp();
  symlinkSync('../secret', join(server.folder, 'link'));
  symlinkSync('..', join(server.folder, 'up'));
  symlinkSync('a.txt', join(server.folder, 'inside'));
  symlinkSync('loop', join(server.folder, 'loop'));
  execFileSync('mkfifo', [join(server.folder, 'pipe')]);
  const paths = [
    ...[
      '/',
      '/none',
      '/sub',
      '/sub/',
      '/a.txt/',
      '/a.txt/b',
      '/link',
      '/up/secret',
      '/loop',
      '/pipe',
      '/%00',
      '/a.txt%00.json',
    ],
    ...[
      '/../../secret',
      '/../secret',
      '/%2e%2e/secret',
      '/..%2fsecret',
      '/sub/..%2f..%2fsecret',
      '/..%2fpublic-not%2fsecret',
    ],
    ...['//etc/passwd', '/%2fetc%2fpasswd', '/..\\secret', '/%5c..%5csecret', `/${'x'.repeat(300)}`, '/%ff', '/%'],
  ];
  for (const path of paths) {
    const answer = await getAsWritten(server.url, PUBLIC + path);
    // What no URL can hold is a wrong request.
    expect({ path, status: answer.status }).toEqual({ path, status: path.includes('\\') ? 400 : 404 });
    expect(answer.body).not.toMatch(/^secret|root:/);
  }
  expect((await getAsWritten(server.url, `${PUBLIC}/inside`)).body).toBe('hello');
});

test('a folder that is not configured, or not there yet', async () => {
  await using without = await createProxy();
  const refused = await without.fetch(new Request(`http://localhost${PUBLIC}/a.txt`));
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain('<p>The public directory path is not configured.</p>');

  using folder = temporaryFolder();
  await using proxy = await createProxy({ publicDirectory: join(folder.path, 'later') });
  const ask = () => proxy.fetch(new Request(`http://localhost${PUBLIC}/a.txt`));
  expect((await ask()).status).toBe(404);
  mkdirSync(join(folder.path, 'later'));
  writeFileSync(join(folder.path, 'later/a.txt'), 'there');
  expect(await (await ask()).text()).toBe('there');
});

test('a file that the proxy may not read is refused, with what to do', async () => {
  await using server = await setUp();
  chmodSync(join(server.folder, 'a.txt'), 0);
  const answer = await asOrdinaryUser(() => server.proxy.fetch(new Request(`http://localhost${PUBLIC}/a.txt`)));
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain('the right to read it');
});

/** For root, every file is readable. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  const user = process.geteuid!();
  if (user === 0) process.seteuid!(65_534);
  try {
    return await work();
  } finally {
    process.seteuid!(user);
  }
}

test('those who are known to a restricted proxy may have the files, others not', async () => {
  await using server = await setUp();
  const { url } = await server.proxy.listen({ host: '127.0.0.1', port: 0, access: 'restricted' });
  const refused = await fetch(`${url}${PUBLIC}/a.txt`);
  expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining('not for everybody')]);
  const authorization = `Bearer ${await server.proxy.userToken()}`;
  expect(await (await fetch(`${url}${PUBLIC}/a.txt`, { headers: { authorization } })).text()).toBe('hello');
});
