import { createHash, createPrivateKey } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { createLinuxHost } from '@slapos/host';
import { execa } from 'execa';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { readCertificates, readTrustedEntries, signDescription } from '../src/binary-cache/entry.js';
import {
  createNetworkBinaryCache,
  isSamePlatform,
  type NetworkBinaryCacheOptions,
  type Platform,
  softwareReleaseHash,
} from '../src/index.js';
import { type CacheServer, startCacheServer } from './support/cache-server.js';
import { Harness } from './support/harness.js';
import { FIXTURES } from './support/node.js';

const PLATFORM: Platform = { multiarch: 'x86_64-linux-gnu', os: ['debian', '12', 'bookworm'] };
const URL = 'https://example.org/slapos/raw/1.0/software/hello/software.cfg';
const NAME = softwareReleaseHash(URL);

function fixture(name: string): Promise<string> {
  return readFile(path.join(FIXTURES, 'networkcache', name), 'utf8');
}

/** A certificate for the key `ours.key` that was valid in 2020 only. */
async function makeExpired(directory: string): Promise<string> {
  const file = (name: string): string => path.join(directory, name);
  await writeFile(file('index'), '');
  await writeFile(
    file('ca.cnf'),
    [
      '[ca]',
      'default_ca = own',
      '[own]',
      `database = ${file('index')}`,
      `new_certs_dir = ${directory}`,
      'default_md = sha256',
      'policy = any',
      'rand_serial = yes',
      '[any]',
      'commonName = supplied',
    ].join('\n'),
  );
  await execa('openssl', ['req', '-new', '-key', file('ours.key'), '-subj', '/CN=test', '-out', file('request')]);
  const dates = ['-startdate', '20200101000000Z', '-enddate', '20201231000000Z'];
  await execa('openssl', [
    ...['ca', '-batch', '-selfsign', '-notext', '-config', file('ca.cnf'), '-keyfile', file('ours.key')],
    ...[...dates, '-in', file('request'), '-out', file('expired.crt')],
  ]);
  return readFile(file('expired.crt'), 'utf8');
}

let keys: { certificate: string; key: string; other: string; expired: string };
beforeAll(async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sgk-'));
  const make = async (name: string): Promise<{ certificate: string; key: string }> => {
    const [key, certificate] = [path.join(directory, `${name}.key`), path.join(directory, `${name}.crt`)];
    await execa('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '36500',
      '-subj',
      '/CN=test',
      '-keyout',
      key,
      '-out',
      certificate,
    ]);
    return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') };
  };
  const [ours, theirs] = [await make('ours'), await make('theirs')];
  keys = { ...ours, other: theirs.key, expired: await makeExpired(directory) };
  await rm(directory, { recursive: true });
});

let harness: Harness;
let server: CacheServer;
beforeEach(async () => {
  harness = await Harness.create();
  server = await startCacheServer();
  await mkdir(path.join(harness.node.instanceRoot, 'var/lib'), { recursive: true });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await harness[Symbol.asyncDispose]();
});

function cache(options: Partial<NetworkBinaryCacheOptions> = {}): ReturnType<typeof createNetworkBinaryCache> {
  return createNetworkBinaryCache(
    {
      instanceRoot: harness.node.instanceRoot,
      downloadCacheUrl: server.cacheUrl,
      downloadDirectoryUrl: server.directoryUrl,
      signatureCertificates: keys.certificate,
      platform: PLATFORM,
      retryDelayMs: 1,
      ...options,
    },
    { host: createLinuxHost(), logger: harness.logger },
  );
}

function fetchIt(options: Partial<NetworkBinaryCacheOptions> = {}): Promise<boolean> {
  const { softwareRoot, softwareUser: user } = harness.node;
  return cache(options).download({ softwareReleaseUrl: URL, directoryName: NAME, softwareRoot, user });
}

async function offer(
  archive: Buffer,
  fields: Record<string, unknown> = {},
  sign: (description: string) => string | undefined = (description) => signWith(keys.key, description),
): Promise<void> {
  const sha512 = createHash('sha512').update(archive).digest('hex');
  server.archives.set(sha512, archive);
  const description = JSON.stringify({
    sha512,
    software_url: URL,
    software_root: harness.node.softwareRoot,
    multiarch: PLATFORM.multiarch,
    os: PLATFORM.os,
    ...fields,
  });
  server.entries.set(NAME, [[description, sign(description) ?? '']]);
}

function signWith(pem: string, description: string, index = 0): string | undefined {
  return signDescription(description, createPrivateKey(pem))[index];
}

type Member = Partial<Header> & { name: string; text?: string };

async function archiveOf(members: Member[]): Promise<Buffer> {
  const tar = pack();
  for (const { text = '', ...header } of members) {
    const isFile = header.type === undefined || header.type === 'file';
    const body = isFile ? text : '';
    await new Promise<void>((resolve, reject) => {
      tar
        .entry({ ...header, size: Buffer.byteLength(body) }, (error) => {
          if (error) reject(error);
          else resolve();
        })
        .end(body);
    });
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

const GOOD: Member[] = [
  { name: `${NAME}/`, type: 'directory', mode: 0o755 },
  { name: `${NAME}/buildout.cfg`, text: '[buildout]\n', mode: 0o644 },
  { name: `${NAME}/.completed`, text: 'elsewhere', mode: 0o644 },
  { name: `${NAME}/bin/`, type: 'directory', mode: 0o755 },
  { name: `${NAME}/bin/tool`, text: '#!/bin/sh\n', mode: 0o6755 },
  { name: `${NAME}/bin/same`, type: 'link', linkname: `${NAME}/bin/tool` },
  { name: `${NAME}/bin/outside`, type: 'symlink', linkname: '/etc/passwd' },
];

test('the recorded answer: exactly the entries that should be trusted and fit are found', async () => {
  const trusted = readCertificates(await fixture('trusted.crt'), Date.now(), harness.logger);
  const select = JSON.parse(await fixture('select.json')) as [string, string][];
  const expected = JSON.parse(await fixture('expected.json')) as {
    first_match_on_debian_12_x86_64: number;
    also_matches_in_the_old_format: number;
  };
  const matching = select.flatMap((pair, index) =>
    readTrustedEntries([pair], trusted).some((entry) => isSamePlatform(entry, PLATFORM)) ? [index] : [],
  );
  expect(matching).toEqual([expected.first_match_on_debian_12_x86_64, expected.also_matches_in_the_old_format]);
  const other = readCertificates(await fixture('other.crt'), Date.now(), harness.logger);
  expect(select.flatMap((pair, index) => (readTrustedEntries([pair], other).length > 0 ? [index] : []))).toEqual([0]);
});

test('a signed archive becomes the release’s folder, as the software user, without rights that nobody gave', async () => {
  await offer(await archiveOf(GOOD));
  expect(await fetchIt()).toBe(true);
  const folder = path.join(harness.node.softwareRoot, NAME);
  expect((await readdir(folder)).sort()).toEqual(['bin', 'buildout.cfg']);
  const tool = await stat(path.join(folder, 'bin/tool'));
  expect([tool.mode & 0o7777, tool.uid]).toEqual([0o755, harness.node.softwareUser?.uid ?? process.geteuid?.()]);
  expect((await stat(path.join(folder, 'bin/same'))).ino).toBe(tool.ino);
  expect((await lstat(path.join(folder, 'bin/outside'))).isSymbolicLink()).toBe(true);
  expect(await readdir(path.join(harness.node.instanceRoot, 'var/lib/binary-cache'))).toEqual([]);
});

test('a download that breaks goes on where it ended', async () => {
  const archive = await archiveOf(GOOD);
  await offer(archive);
  server.cutAfter = Math.floor(archive.length / 2);
  expect(await fetchIt()).toBe(true);
  expect(server.requests.filter((request) => request.startsWith('GET /shacache/'))).toHaveLength(2);
});

test.each<[string, (archive: Buffer) => Promise<Partial<NetworkBinaryCacheOptions> | undefined>]>([
  [
    'nothing is known',
    async () => {
      server.entries.clear();
      return undefined;
    },
  ],
  ['the signature is empty', (archive) => offer(archive, {}, () => '').then(() => undefined)],
  [
    'the signature is of another key',
    (archive) => offer(archive, {}, (text) => signWith(keys.other, text)).then(() => undefined),
  ],
  [
    'the signature is of another text',
    (archive) => offer(archive, {}, (text) => signWith(keys.key, `${text} `)).then(() => undefined),
  ],
  ['the signature is noise', (archive) => offer(archive, {}, () => 'bm9pc2U=').then(() => undefined)],
  ['the certificate has expired', (archive) => offer(archive).then(() => ({ signatureCertificates: keys.expired }))],
  ['there is no certificate', (archive) => offer(archive).then(() => ({ signatureCertificates: '' }))],
  [
    'the certificate is none',
    (archive) =>
      offer(archive).then(() => ({
        signatureCertificates: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
      })),
  ],
  ['it is for another machine', (archive) => offer(archive, { multiarch: 'aarch64-linux-gnu' }).then(() => undefined)],
  [
    'it is for another distribution',
    (archive) => offer(archive, { os: ['ubuntu', '12', 'bookworm'] }).then(() => undefined),
  ],
  ['it is for another place', (archive) => offer(archive, { software_root: '/opt/slapgrid' }).then(() => undefined)],
  [
    'it is another release',
    (archive) => offer(archive, { software_url: 'https://example.org/other' }).then(() => undefined),
  ],
  [
    'the hash is of something else',
    async (archive) => {
      await offer(archive);
      for (const sha512 of server.archives.keys()) server.archives.set(sha512, Buffer.from('something else'));
      return undefined;
    },
  ],
  [
    'the archive is gone',
    async (archive) => {
      await offer(archive);
      server.archives.clear();
      return undefined;
    },
  ],
  ['the archive is cut short', (archive) => offer(archive.subarray(0, -20)).then(() => undefined)],
  ['the archive is no archive', () => offer(Buffer.from('no archive')).then(() => undefined)],
  [
    'the archive is too big',
    (archive) => offer(archive).then(() => ({ archiveLimits: { unpackedBytes: 600, entries: 100, ratio: 200 } })),
  ],
  [
    'the archive has too many members',
    (archive) => offer(archive).then(() => ({ archiveLimits: { unpackedBytes: 1e9, entries: 3, ratio: 200 } })),
  ],
  [
    'the answer is not JSON',
    async (archive) => {
      await offer(archive);
      server.entries.set(NAME, { toJSON: () => 'x' } as never);
      return undefined;
    },
  ],
])('is not installed when %s', async (_name, prepare) => {
  const options = await prepare(await archiveOf(GOOD));
  expect(await fetchIt(options)).toBe(false);
  expect(await readdir(harness.node.softwareRoot)).toEqual([]);
  expect(
    await readdir(path.join(harness.node.instanceRoot, 'var/lib')).then((names) =>
      names.filter((name) => name !== 'binary-cache'),
    ),
  ).toEqual([]);
});

describe('an archive is refused whole for', () => {
  const parent = { name: `${NAME}/`, type: 'directory' } as const;
  test.each<[string, Member[]]>([
    ['a name that climbs', [parent, { name: `${NAME}/../../evil`, text: 'x' }]],
    ['an absolute name', [parent, { name: '/evil', text: 'x' }]],
    ['another folder', [parent, { name: 'other/file', text: 'x' }]],
    ['the folder’s name as a beginning only', [parent, { name: `${NAME}x/file`, text: 'x' }]],
    ['a dot in a name', [parent, { name: `${NAME}/./file`, text: 'x' }]],
    [
      'a member below a link',
      [parent, { name: `${NAME}/dir`, type: 'symlink', linkname: '/tmp' }, { name: `${NAME}/dir/file`, text: 'x' }],
    ],
    [
      'a file in place of a link',
      [parent, { name: `${NAME}/f`, type: 'symlink', linkname: '/tmp/x' }, { name: `${NAME}/f`, text: 'x' }],
    ],
    [
      'its folder being a link',
      [
        { name: NAME, type: 'symlink', linkname: '/tmp' },
        { name: `${NAME}/f`, text: 'x' },
      ],
    ],
    ['a hard link to what is outside', [parent, { name: `${NAME}/h`, type: 'link', linkname: '/etc/shadow' }]],
    ['a hard link to what was not unpacked', [parent, { name: `${NAME}/h`, type: 'link', linkname: `${NAME}/later` }]],
    [
      'a hard link to a link',
      [
        parent,
        { name: `${NAME}/l`, type: 'symlink', linkname: '/etc/shadow' },
        { name: `${NAME}/h`, type: 'link', linkname: `${NAME}/l` },
      ],
    ],
    ['a device', [parent, { name: `${NAME}/d`, type: 'block-device', devmajor: 8, devminor: 0 }]],
    ['a character device', [parent, { name: `${NAME}/d`, type: 'character-device', devmajor: 1, devminor: 3 }]],
    ['a FIFO', [parent, { name: `${NAME}/p`, type: 'fifo' }]],
    ['a name that is too long', [parent, { name: `${NAME}/${'a/'.repeat(2100)}f`, text: 'x' }]],
    ['nothing in it', []],
  ])('%s', async (_name, members) => {
    await offer(await archiveOf(members));
    expect(await fetchIt()).toBe(false);
    expect(await readdir(harness.node.softwareRoot)).toEqual([]);
    const warning = harness.logger.records.findLast((record) => record.level === 'warn');
    expect(warning?.fields['error']).toMatchObject({ code: 'GRID_ARCHIVE_REFUSED' });
  });
});

test('a bomb is not unpacked', async () => {
  const zeros = gzipSync(Buffer.alloc(300 * 1024 ** 2));
  await offer(zeros);
  expect(await fetchIt()).toBe(false);
  expect(await readdir(harness.node.softwareRoot)).toEqual([]);
});

describe('a pass', () => {
  function withCache(options: Partial<NetworkBinaryCacheOptions> = {}): void {
    harness.ports = { ...harness.ports, binaryCache: cache(options) } as typeof harness.ports;
  }

  test('gives away what it built; another node takes it, and a released one is not built again', async () => {
    const upload = {
      uploadCacheUrl: server.cacheUrl,
      uploadDirectoryUrl: server.directoryUrl,
      signaturePrivateKey: keys.key,
    };
    withCache(upload);
    harness.supply('hello-web');
    const first = await harness.runSoftware();
    expect(first.items).toMatchObject([{ outcome: 'built' }]);
    const name = first.items[0]?.directoryName ?? '';
    expect(server.entries.get(name)).toHaveLength(2); // SHA-1 for every node, SHA-256 for newer ones
    expect(server.archives.size).toBe(1);
    expect(await readdir(harness.node.softwareRoot)).toEqual([name]);

    await rm(path.join(harness.node.softwareRoot, name), { recursive: true });
    harness.takeCalls();
    expect((await harness.runSoftware()).items).toMatchObject([{ outcome: 'downloaded' }]);
    expect(harness.takeCalls().map((call) => call.split(' ')[0])).toEqual([
      'fetchComputerInformation',
      'reportSoftwareBuilding',
      'reportSoftwareAvailable',
    ]);
    expect(await readdir(path.join(harness.node.softwareRoot, name))).toEqual(
      expect.arrayContaining(['.completed', 'instance.cfg']),
    );
    expect((await harness.runSoftware()).items).toMatchObject([{ outcome: 'unchanged' }]);
  });

  test('builds what the cache does not have, and keeps to the lists', async () => {
    withCache({ uploadCacheUrl: server.cacheUrl, uploadDirectoryUrl: server.directoryUrl });
    harness.supply('hello-web');
    const lists = { neverDownloadPrefixes: [harness.node.releases], neverUploadPrefixes: [harness.node.releases] };
    expect((await harness.runSoftware(lists)).items).toMatchObject([{ outcome: 'built' }]);
    expect(server.requests).toEqual([]);
  });

  test('fails a release that must come from the cache and is not there', async () => {
    withCache();
    harness.supply('hello-web');
    const force = { mustDownloadPrefixes: [harness.node.releases] };
    const result = await harness.runSoftware(force);
    expect(result.items).toMatchObject([{ outcome: 'failed', error: { code: 'GRID_CACHE_FAILED', retryable: true } }]);
    expect(result.items[0]?.error?.message).toContain('does not have it');
    await harness.runSoftware();
    const again = await harness.runSoftware({ ...force, force: true });
    expect(again.items[0]?.error?.message).toContain('exists already');
  });

  test('an upload that fails three times fails nothing', async () => {
    withCache({ uploadCacheUrl: server.cacheUrl, uploadDirectoryUrl: server.directoryUrl });
    server.refuseUploads = true;
    harness.supply('hello-web');
    expect((await harness.runSoftware()).items).toMatchObject([{ outcome: 'built' }]);
    expect(server.requests.filter((request) => request.startsWith('POST'))).toHaveLength(3);
    expect((await readdir(harness.node.softwareRoot)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

test('a key that signs for none of the certificates is refused', () => {
  expect(() => cache({ signaturePrivateKey: keys.other })).toThrow(/belongs to none of the certificates/);
  expect(() => cache({ signaturePrivateKey: 'no key' })).toThrow(/not a private key/);
});
