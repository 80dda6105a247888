import { existsSync, readFileSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';

import { isSlapError } from '@slapos/slap';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';

import { createProxy, type ListenAddress, type Proxy, type Seed } from '../src/index.js';
import { failureOf } from './support/failure.js';
import { createOldDatabase } from './support/old-database.js';
import { temporaryFolder } from './support/server-process.js';
import { post, requestForm } from './support/slap-calls.js';

const OWN_URL = 'http://localhost';
const COMPUTER = 'COMP-1';
const RELEASE = 'https://sr.example/software.cfg';

const proxyWith = async (partitions: number, clock?: () => number) => {
  const proxy = await createProxy({ computerId: COMPUTER, ...(clock === undefined ? {} : { clock }) });
  await proxy.seed({ computers: { [COMPUTER]: { partitions } } });
  return proxy;
};

test('seeding formats, supplies and requests', async () => {
  await using proxy = await proxyWith(3);
  await proxy.seed({
    software: [{ softwareReleaseUrl: RELEASE }],
    instances: [
      { partitionReference: 'host', softwareReleaseUrl: RELEASE, parameters: { size: 3 } },
      { partitionReference: 'guest', softwareReleaseUrl: RELEASE, shared: true },
    ],
  });
  await using client = await proxy.client();
  const { partitions, softwareReleases } = await client.registerComputer(COMPUTER).fetchInformation();
  expect(softwareReleases.map(({ url }) => url)).toEqual([RELEASE]);
  expect(partitions.map(({ partitionId, instanceTitle }) => [partitionId, instanceTitle])).toEqual([
    ['slappart0', 'host'],
    ['slappart1', undefined],
    ['slappart2', undefined],
  ]);
  expect(partitions[0]!.instanceParameters).toMatchObject({ size: '3' });
  expect(partitions[0]!.sharedInstances).toHaveLength(1);
});

test('a snapshot holds everything, and can be restored into another proxy', async () => {
  await using proxy = await proxyWith(2);
  await proxy.seed({ instances: [{ partitionReference: 'kept', softwareReleaseUrl: RELEASE }] });
  const snapshot = await proxy.snapshot();
  using folder = temporaryFolder();
  await using other = await createProxy({ computerId: COMPUTER, databasePath: join(folder.path, 'other.db') });
  await other.seed({ computers: { 'COMP-2': { partitions: 1 } } });
  await other.restore(snapshot);
  const information = async (computerId: string) =>
    (await other.fetch(new Request(`${OWN_URL}/getFullComputerInformation?computer_id=${computerId}`))).status;
  expect(await information(COMPUTER)).toBe(200);
  expect(await information('COMP-2')).toBe(404);
  // The next instance goes to the partition after the one that is taken: the order was kept too.
  const answer = await post(
    (request) => other.fetch(request),
    `${OWN_URL}/requestComputerPartition`,
    requestForm('next'),
  );
  expect(answer.body).toContain('COMP-1-slappart1');
});

test('a snapshot of a file, and the file of an older proxy, can be restored', async () => {
  using folder = temporaryFolder();
  const snapshot = await (async () => {
    await using onDisk = await createProxy({ computerId: COMPUTER, databasePath: join(folder.path, 'proxy.db') });
    await onDisk.seed({
      computers: { [COMPUTER]: { partitions: 1 } },
      instances: [{ partitionReference: 'kept', softwareReleaseUrl: RELEASE }],
    });
    return await onDisk.snapshot();
  })();
  const old = join(folder.path, 'old.db');
  createOldDatabase(old, 12);
  await using proxy = await createProxy({ computerId: COMPUTER });
  const status = async (name: string) =>
    (await proxy.fetch(new Request(`${OWN_URL}/hateoas/partitions/${name}`))).status;
  await proxy.restore(snapshot);
  expect([await status('kept'), await status('web')]).toEqual([200, 404]);
  await proxy.restore(readFileSync(old));
  expect([await status('kept'), await status('web')]).toEqual([404, 200]);
});

test.each([
  ['nothing', new Uint8Array()],
  ['a text', Buffer.from('a text '.repeat(1_000))],
  ['a few bytes', new Uint8Array([1, 2, 3])],
  ['the database of something else', otherDatabase()],
])('%s is no snapshot, and changes nothing', async (_what, bytes) => {
  await using proxy = await proxyWith(1);
  const before = await proxy.snapshot();
  const error = await failureOf(proxy.restore(bytes));
  expect([error.code, error.message]).toEqual([
    'PROXY_DATABASE_UNREADABLE',
    'The snapshot is no content of a mini-master',
  ]);
  expect(Buffer.compare(await proxy.snapshot(), before)).toBe(0);
});

function otherDatabase(): Buffer {
  const database = new Database(':memory:');
  database.exec('CREATE TABLE bookmarks (url TEXT)');
  const bytes = database.serialize();
  database.close();
  return bytes;
}

test.each<[what: string, use: (proxy: Proxy) => unknown, problem: string]>([
  ['a seed with a negative number', (proxy) => proxy.seed({ computers: { a: { partitions: -1 } } }), 'partitions'],
  [
    'a seed with an instance without a name',
    (proxy) => proxy.seed({ instances: [{ partitionReference: '', softwareReleaseUrl: RELEASE }] }),
    'instances[0].partitionReference',
  ],
  ['a seed with an unknown key', (proxy) => proxy.seed({ computer: {} } as Seed), 'computer'],
  ['a fault with a status that is none', (proxy) => proxy.injectFault({ status: 99 }), 'status'],
  ['a fault that never comes', (proxy) => proxy.injectFault({ status: 500, times: 0 }), 'times'],
  ['a fault with a negative delay', (proxy) => proxy.injectFault({ delayMs: -1 }), 'delayMs'],
  ['a port that is none', (proxy) => proxy.listen({ host: '127.0.0.1', port: 99_999 }), 'at port'],
  ['no host', (proxy) => proxy.listen({ port: 0 } as ListenAddress), '{ host, port }'],
  ['a clock that stands still at nothing', () => createProxy({ clock: () => Number.NaN }), 'clock'],
])('%s is refused, and told', async (_what, use, problem) => {
  await using proxy = await proxyWith(1);
  const error = await failureOf((async () => use(proxy))());
  expect(error.code).toBe('PROXY_INVALID_OPTIONS');
  expect(error.message).toContain(problem);
});

test('time stamps come from the clock that is given, and grow even when it stands or goes back', async () => {
  const times = [1_700_000_000_000, 1_700_000_000_000, 1_600_000_000_000];
  await using proxy = await proxyWith(3, () => times[0]!);
  const timestampOf = async (name: string) => {
    const { body } = await post(
      (request) => proxy.fetch(request),
      `${OWN_URL}/requestComputerPartition`,
      requestForm(name),
    );
    times.shift();
    return /<string>timestamp<\/string><string>([^<]*)</.exec(body)?.[1];
  };
  expect([await timestampOf('a'), await timestampOf('b'), await timestampOf('c')]).toEqual([
    '1700000000.0',
    '1700000000.000001',
    '1700000000.000002',
  ]);
});

describe('faults', () => {
  test('hit the calls they are for, as often as they say', async () => {
    await using proxy = await proxyWith(1);
    const get = async (path: string) => (await proxy.fetch(new Request(OWN_URL + path))).status;
    using _fault = proxy.injectFault({ path: '/getRunId', status: 503, times: 2 });
    expect([await get('/getRunId'), await get('/hateoas/'), await get('/getRunId'), await get('/getRunId')]).toEqual([
      503, 200, 503, 200,
    ]);
  });

  test('can be answers without a body', async () => {
    await using proxy = await proxyWith(1);
    using _fault = proxy.injectFault({ status: 204 });
    expect((await proxy.fetch(new Request(`${OWN_URL}/getRunId`))).status).toBe(204);
  });

  test('end when they are disposed of', async () => {
    await using proxy = await proxyWith(1);
    const fault = proxy.injectFault({ status: 500 });
    expect((await proxy.fetch(new Request(`${OWN_URL}/getRunId`))).status).toBe(500);
    fault[Symbol.dispose]();
    expect((await proxy.fetch(new Request(`${OWN_URL}/getRunId`))).status).toBe(200);
  });

  test('drop connections, which a client sees as a failed connection', async () => {
    await using proxy = await proxyWith(1);
    using _fault = proxy.injectFault({ drop: true });
    await expect(proxy.fetch(new Request(`${OWN_URL}/getRunId`))).rejects.toThrow('fetch failed');
    await using client = await proxy.client();
    const error: unknown = await client
      .registerSupply()
      .supply({ softwareReleaseUrl: RELEASE, computerId: COMPUTER })
      .catch((reason: unknown) => reason);
    expect(isSlapError(error, 'SLAP_CONNECTION_FAILED')).toBe(true);
  });
});

describe('life', () => {
  test('two proxies live side by side and know themselves apart', async () => {
    await using one = await proxyWith(1);
    await using other = await proxyWith(1);
    expect(one.runId).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(one.runId).not.toBe(other.runId);
  });

  test('closing is final, harmless when repeated, and leaves a database without a log beside it', async () => {
    using folder = temporaryFolder();
    const databasePath = join(folder.path, 'proxy.db');
    const proxy = await createProxy({ computerId: COMPUTER, databasePath });
    const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
    await proxy.seed({ computers: { [COMPUTER]: { partitions: 1 } } });
    expect(statSync(databasePath).mode & 0o777).toBe(0o600);
    expect(statSync(`${databasePath}-wal`).mode & 0o777).toBe(0o600);
    await proxy.close();
    await proxy.close();
    expect(existsSync(`${databasePath}-wal`)).toBe(false);
    await expect(fetch(`${url}/getRunId`)).rejects.toThrow();
    for (const use of [
      () => proxy.listen({ host: '127.0.0.1', port: 0 }),
      () => proxy.snapshot(),
      () => proxy.restore(new Uint8Array()),
      () => proxy.seed({}),
    ]) {
      expect((await failureOf(use())).code).toBe('PROXY_CLOSED');
    }
    expect((await proxy.fetch(new Request(`${OWN_URL}/hateoas/?mode=search&query=x`))).status).toBe(400);
    expect(
      (await proxy.fetch(new Request(`${OWN_URL}/getFullComputerInformation?computer_id=${COMPUTER}`))).status,
    ).toBe(503);
  });

  test('a port in use, a foreign address and a wrong option are told', async () => {
    await using proxy = await proxyWith(1);
    const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
    await using other = await proxyWith(1);
    const inUse = await failureOf(other.listen({ host: '127.0.0.1', port }));
    expect(inUse.code).toBe('PROXY_LISTEN_FAILED');
    expect(inUse.message).toContain(`port ${port}: the port is in use`);
    expect(inUse.hint).toContain('another port');
    expect((await failureOf(other.listen({ host: '192.0.2.1', port: 0 }))).hint).toContain('127.0.0.1');
    const wrong = await failureOf(createProxy({ computerId: '', limits: { maxConnections: -1 } }));
    expect(wrong.code).toBe('PROXY_INVALID_OPTIONS');
    expect(wrong.message).toContain('computerId');
    expect(wrong.message).toContain('limits.maxConnections');
  });

  test('listening on a Unix socket', async () => {
    using folder = temporaryFolder();
    await using proxy = await proxyWith(1);
    const socketPath = join(folder.path, 'proxy.socket');
    const missing = await failureOf(proxy.listen({ socketPath: join(folder.path, 'missing/proxy.socket') }));
    expect(missing.message).toContain('its folder is not there');
    await proxy.listen({ socketPath });
    const body = await new Promise<string>((resolve, reject) => {
      httpRequest({ socketPath, path: '/getRunId' }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      })
        .on('error', reject)
        .end();
    });
    expect(body).toBe(proxy.runId);
  });
});
