import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { createProxy, type Proxy, readProxyDatabase, renderProxyShow } from '../src/index.js';
import { openStore } from '../src/store/open-store.js';
import type { ProxyStore } from '../src/store/proxy-store.js';
import { createOldDatabase } from './support/old-database.js';
import { failureOf } from './support/failure.js';
import { type PostgresServer, startPostgres } from './support/postgres-server.js';

const COMPUTER = 'COMP-1';

let postgres: PostgresServer;
let databases = 0;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres[Symbol.asyncDispose]());

const newDatabase = () => postgres.createDatabase(`master-${(databases += 1)}`);

async function openProxy(databasePath: string): Promise<Proxy> {
  const proxy = await createProxy({ databasePath, computerId: COMPUTER });
  onTestFinished(() => proxy.close());
  return proxy;
}

async function open(databaseUri: string): Promise<ProxyStore> {
  const store = await openStore(databaseUri, { computerId: COMPUTER });
  onTestFinished(() => store.close());
  return store;
}

async function query(uri: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(uri);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

test('processes that start at once make the tables once', async () => {
  const uri = await newDatabase();
  const proxies = await Promise.all(Array.from({ length: 6 }, () => openProxy(uri)));
  await proxies[0]!.seed({ computers: { [COMPUTER]: { partitions: 1 } } });
  expect(await query(uri, 'SELECT name FROM proxy_migration')).toEqual([{ name: '001-schema-17' }]);
});

test('a database of a later version is left alone', async () => {
  const uri = await newDatabase();
  await (await openProxy(uri)).close();
  await query(uri, `INSERT INTO proxy_migration (name, timestamp) VALUES ('900-later', '')`);
  const error = await failureOf(openProxy(uri));
  expect(error).toMatchObject({ code: 'PROXY_DATABASE_TOO_NEW' });
  expect(error.message).toContain('900-later');
});

test.each([
  {
    name: 'no server',
    change: (uri: string) => uri.replace(/host=.*/, 'host=%2Fnowhere'),
    says: 'ENOENT',
    hint: /is the server running/,
  },
  {
    name: 'no such database',
    change: (uri: string) => uri.replace(/master-\d+/, 'absent'),
    says: '"absent" does not exist',
    hint: /createdb/,
  },
  {
    name: 'an unknown user',
    change: (uri: string) => uri.replace('postgres@', 'nobody:secret@'),
    says: '"nobody" does not exist',
    hint: /pg_hba/,
  },
])('$name: the error says what to do, and no password', async ({ change, says, hint }) => {
  const uri = await newDatabase();
  const error = await failureOf(openProxy(change(uri)));
  expect(error.code).toBe('PROXY_DATABASE_FAILED');
  expect(error.message).toContain(says);
  expect(error.message).not.toContain('secret');
  expect(error.hint).toMatch(hint);
});

test('a follower on one process hears what is asked of another, also after the server crashed', async () => {
  const uri = await newDatabase();
  const [asked, followed] = [await openProxy(uri), await openProxy(uri)];
  await asked.seed({ computers: { [COMPUTER]: { partitions: 5 } }, software: [{ softwareReleaseUrl: 'sr' }] });
  const response = await followed.fetch(
    new Request('http://localhost/events?after=0', { headers: { accept: 'text/event-stream' } }),
  );
  const stream = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  onTestFinished(() => stream.cancel());
  let heard = '';
  const hears = async (text: string) => {
    while (!heard.includes(text)) {
      const { done, value = '' } = await stream.read();
      if (done) throw new Error(`the stream ended after ${heard}`);
      heard += value;
    }
  };
  await hears('software.supplied');
  const ask = (partitionReference: string) =>
    asked.seed({ instances: [{ partitionReference, softwareReleaseUrl: 'sr' }] });
  await ask('before');
  await hears('before');
  await postgres.crash();
  // The first calls may meet connections that broke.
  await expect
    .poll(() =>
      ask('after').then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await hears('"instance":"after"');
});

test('a process that hangs in the middle of a change loses it, and the others go on', async () => {
  const uri = await newDatabase();
  const [hanging, other] = [await open(`${uri}&idle_in_transaction_session_timeout=200`), await open(uri)];
  let isInside: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => {
    isInside = resolve;
  });
  let goOn: () => void = () => undefined;
  const lost = failureOf(
    hanging.write(async (writer) => {
      await writer.setSetting('a', 'lost');
      isInside();
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      await writer.setSetting('b', 'lost');
    }),
  );
  await inside;
  await other.write((writer) => writer.setSetting('a', 'kept'));
  goOn();
  expect(await lost).toMatchObject({ code: 'PROXY_DATABASE_FAILED', retryable: true });
  expect(await hanging.read(async (reader) => [await reader.setting('a'), await reader.setting('b')])).toEqual([
    'kept',
    undefined,
  ]);
});

test('a text that it cannot keep is refused alone', async () => {
  const store = await open(await newDatabase());
  const outcomes = await Promise.allSettled([
    store.write((writer) => writer.setSetting('a', '1')),
    store.write((writer) => writer.setSetting('b', 'nul \u0000 inside')),
    store.write((writer) => writer.setSetting('c', '3')),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'PROXY_INVALID_REQUEST' } });
  expect(await store.read((reader) => reader.setting('c'))).toBe('3');
});

test('masters in schemas of one database know nothing of each other', async () => {
  const uri = await newDatabase();
  await query(uri, 'CREATE SCHEMA one; CREATE SCHEMA two');
  const [one, two] = await Promise.all(
    ['one', 'two'].map((schema) => openProxy(`${uri}&options=${encodeURIComponent(`-c search_path=${schema}`)}`)),
  );
  await one!.seed({ computers: { [COMPUTER]: { partitions: 1 } } });
  await two!.seed({ computers: { OTHER: { partitions: 1 } } });
  expect(await query(uri, 'SELECT reference FROM one.computer17')).toEqual([{ reference: COMPUTER }]);
  expect(await query(uri, 'SELECT reference FROM two.computer17')).toEqual([{ reference: 'OTHER' }]);
});

test('paths of local releases follow their folder', async () => {
  const uri = await newDatabase();
  const openAt = (localSoftwareReleaseRoot: string) =>
    createProxy({ databasePath: uri, computerId: COMPUTER, localSoftwareReleaseRoot });
  await using first = await openAt('/srv/old');
  await first.seed({
    computers: { [COMPUTER]: { partitions: 1 } },
    software: [
      { softwareReleaseUrl: '/srv/old//web.cfg' },
      { softwareReleaseUrl: '/srv/old/web.cfg' },
      { softwareReleaseUrl: 'https://sr.example/x.cfg' },
    ],
    instances: [{ partitionReference: 'web', softwareReleaseUrl: '/srv/old//web.cfg' }],
  });
  await using _moved = await openAt('/srv/new');
  expect(await query(uri, 'SELECT url FROM software17 ORDER BY url')).toEqual([
    { url: '/srv/new/web.cfg' },
    { url: 'https://sr.example/x.cfg' },
  ]);
  expect(await query(uri, 'SELECT software_release FROM partition17')).toEqual([
    { software_release: '/srv/new/web.cfg' },
  ]);
});

test('the content of a Python proxy moves in, names that occur twice in a tree included', async () => {
  const { default: Database } = await import('better-sqlite3');
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/slapos-proxy-');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  createOldDatabase(`${folder}/old.db`, 16);
  const old = new Database(`${folder}/old.db`);
  old.exec(
    `UPDATE partition16 SET partition_reference = 'web', requested_by = '', slap_state = 'busy' WHERE reference = 'slappart3'`,
  );
  old.close();
  const uri = await newDatabase();
  const proxy = await openProxy(uri);
  await proxy.restore(readFileSync(`${folder}/old.db`));
  const names = await query(
    uri,
    `SELECT reference, partition_reference AS name, requested_by AS root FROM partition17 WHERE slap_state = 'busy' ORDER BY rowid`,
  );
  expect(names.slice(0, 2)).toEqual([
    { reference: 'slappart0', name: 'web', root: '' },
    { reference: 'slappart1', name: 'db', root: 'web' },
  ]);
  expect(names.filter(({ name, root }) => name === 'web' && root === '')).toHaveLength(2);
});

test('proxy show reads it, and prepares nothing', async () => {
  const uri = await newDatabase();
  expect((await failureOf(readProxyDatabase(uri))).code).toBe('PROXY_DATABASE_NOT_MIGRATED');
  expect(await query(uri, `SELECT 1 FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
  const proxy = await openProxy(uri);
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 1 } },
    instances: [{ partitionReference: 'web', softwareReleaseUrl: 'sr' }],
  });
  const content = await readProxyDatabase(uri);
  expect(content.partitions.rows).toMatchObject([{ reference: 'slappart0', partition_reference: 'web' }]);
  expect(renderProxyShow(uri.replace('postgres@', 'postgres:secret@'), content, [])).not.toContain('secret');
});
