import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { messages, type Outcome, runSlapos } from './support/run-slapos.js';

const SOFTWARE = 'https://example.org/software/web/software.cfg';
const FILE = 'https://example.org/foo-1.0.tar.gz';
const SHA512 = 'ab'.repeat(64);

let folder: string;
let key: string;
let index: Server;
let url: string;
/** What the index answers, by key. */
const answers = new Map<string, { readonly status?: number; readonly body: unknown }>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-lookup-'));
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=builder', '-days', '2'];
  execFileSync('openssl', [...words, '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd: folder, stdio: 'ignore' });
  key = await readFile(path.join(folder, 'key.pem'), 'utf8');
  index = createServer((request, response) => {
    const { status = 200, body } = answers.get(decodeURIComponent(request.url ?? '')) ?? { status: 404, body: '' };
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(index, 'listening');
  url = `http://127.0.0.1:${(index.address() as AddressInfo).port}`;
  await configure(`[networkcache]
download-binary-cache-url = ${url}/cache
download-binary-dir-url = ${url}/dir/
download-cache-url = ${url}/cache
download-dir-url = ${url}/dir/
signature-certificate-list =
${(await readFile(path.join(folder, 'cert.pem'), 'utf8')).replaceAll(/^/gm, '  ').trimEnd()}
`);
});

afterAll(async () => {
  index.close();
  await rm(folder, { recursive: true });
});

beforeEach(() => answers.clear());

async function configure(text: string): Promise<void> {
  await writeFile(path.join(folder, 'slapos.cfg'), text);
}

function cachelookup(...[command = '', ...words]: string[]): Promise<Outcome> {
  return runSlapos(['cachelookup', command, '--cfg', path.join(folder, 'slapos.cfg'), ...words]);
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function signed(facts: Record<string, unknown>): [string, string] {
  const description = JSON.stringify({ sha512: SHA512, ...facts });
  return [description, sign('sha1', Buffer.from(description), createPrivateKey(key)).toString('base64')];
}

function unsigned(facts: Record<string, unknown>): [string, string] {
  return [JSON.stringify({ sha512: SHA512, ...facts }), ''];
}

it('binary-sr tells for which machines a release is built, and whom that is trusted from', async () => {
  answers.set(`/dir/${md5(SOFTWARE)}`, {
    body: [
      signed({ software_url: SOFTWARE, multiarch: 'x86_64-linux-gnu', os: ['Ubuntu', '18.04', 'bionic'] }),
      unsigned({ machine: 'x86_64', os: "('CentOS Linux', '7.5.1804', 'Core')" }),
      ['no description', ''],
      'nothing',
    ],
  });
  for (const argument of [SOFTWARE, md5(SOFTWARE)]) {
    const { exitCode, stdout, stderr } = await cachelookup('binary-sr', argument);
    expect(messages(stderr)).toBe(`Software URL: ${SOFTWARE}
MD5:          ${md5(SOFTWARE)}
---------------------------------------------------------------------
    multiarch     distribution version    id   compatible? verified? 
---------------------------------------------------------------------
 x86_64-linux-gnu CentOS Linux 7.5.1804  Core       no         no    
 x86_64-linux-gnu    Ubuntu     18.04   bionic      no        yes    
---------------------------------------------------------------------
`);
    expect([exitCode, stdout]).toEqual([0, '']);
  }
  const document = await cachelookup('binary-sr', SOFTWARE, '--json');
  expect(JSON.parse(document.stdout)).toMatchObject({
    kind: 'BuiltReleases',
    md5: md5(SOFTWARE),
    items: [
      { distribution: 'CentOS Linux', verified: false },
      { distribution: 'Ubuntu', verified: true, compatible: false, sha512: SHA512 },
    ],
  });
});

it('url and pypi tell what the cache has of a file and of a distribution', async () => {
  answers.set(`/dir/file-urlmd5:${md5(FILE)}`, { body: [signed({ url: FILE }), unsigned({ url: FILE })] });
  answers.set('/dir/pypi:foo=1.0', { body: [signed({ basename: 'foo-1.0.tar.gz' })] });
  const file = await cachelookup('url', FILE);
  expect(messages(file.stderr)).toBe(
    `Software source URL: ${FILE}\nSHADIR URL: ${url}/dir/file-urlmd5:${md5(FILE)}\n\n`,
  );
  const lines = file.stdout.split('\n');
  expect(lines[1]?.trim().split(/ +/)).toEqual(['url', 'sha512', 'signed']);
  expect(lines.slice(3, 5).map((line) => line.trim().split(/ +/))).toEqual([
    [FILE, SHA512, 'True'],
    [FILE, SHA512, 'False'],
  ]);
  const egg = await cachelookup('pypi', 'foo', '1.0', '--json');
  expect(messages(egg.stderr)).toContain(`Python egg foo version 1.0\nSHADIR URL: ${url}/dir/pypi:foo=1.0\n`);
  expect(JSON.parse(egg.stdout)).toMatchObject({
    kind: 'CacheEntries',
    items: [{ basename: 'foo-1.0.tar.gz', sha512: SHA512, signed: true }],
  });
});

it.each([
  [['binary-sr', SOFTWARE], `Software release not found in binary cache: ${SOFTWARE}`],
  [['url', FILE], 'Object not found in cache.'],
  [['pypi', 'foo', '1.0'], 'Object not found in cache.'],
])('%j: nobody put it there', async (words, message) => {
  const { exitCode, stdout, stderr } = await cachelookup(...words);
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(messages(stderr)).toContain(message);
});

it('a key without entries is no failure', async () => {
  answers.set(`/dir/${md5(SOFTWARE)}`, { body: [] });
  answers.set('/dir/pypi:foo=1.0', { body: [] });
  const release = await cachelookup('binary-sr', SOFTWARE);
  expect([release.exitCode, messages(release.stderr)]).toEqual([
    0,
    'Object found in cache, but has no binary entries.\n',
  ]);
  const egg = await cachelookup('pypi', 'foo', '1.0');
  expect([egg.exitCode, egg.stdout]).toEqual([0, '']);
  expect(messages(egg.stderr)).toContain('Object found in cache, but has no entry.');
});

it.each([
  ['an error of the server', { status: 500, body: '' }, 'status 500'],
  ['no JSON', { body: '<html>' }, 'the answer is no list of entries'],
  ['no list', { body: { a: 1 } }, 'the answer is no list of entries'],
])('%s is told', async (_, answer, reason) => {
  answers.set(`/dir/${md5(SOFTWARE)}`, answer);
  const { exitCode, stderr } = await cachelookup('binary-sr', SOFTWARE);
  expect(exitCode).toBe(1);
  expect(messages(stderr)).toContain('Problem occurred while connecting to shacache.');
  expect(messages(stderr)).toContain(reason);
});

it.each([
  ['', "No section: 'networkcache'"],
  ['[networkcache]\n', 'signature-certificate-list'],
  ['[networkcache]\nsignature-certificate-list =\n', 'download-binary-cache-url of [networkcache] is missing'],
])('a configuration that says not enough: %j', async (text, message) => {
  const file = path.join(folder, 'other.cfg');
  await writeFile(file, text);
  const { exitCode, stderr } = await runSlapos(['cachelookup', 'binary-sr', '--cfg', file, SOFTWARE]);
  expect(exitCode).toBe(1);
  expect(messages(stderr)).toContain(message);
});
