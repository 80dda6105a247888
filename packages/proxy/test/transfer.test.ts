import { join } from 'node:path';

import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';

import { createProxy, exportProxyDatabase, importProxyDatabase, readProxyDatabase } from '../src/index.js';
import { failureOf } from './support/failure.js';
import { createOldDatabase } from './support/old-database.js';
import { temporaryFolder } from './support/server-process.js';

const COMPUTER = 'COMP-1';

function newFolder(): string {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  return folder.path;
}

async function fill(databasePath: string): Promise<void> {
  await using proxy = await createProxy({ databasePath, computerId: COMPUTER });
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 3 } },
    software: [{ softwareReleaseUrl: 'b' }, { softwareReleaseUrl: 'a' }],
    instances: [
      { partitionReference: 'web', softwareReleaseUrl: 'a', parameters: { text: 'yes\n: "no" é 1e3' } },
      { partitionReference: 'db', softwareReleaseUrl: 'b' },
    ],
  });
  await proxy.userToken();
}

const rowsOf = (path: string) => {
  const database = new Database(path, { readonly: true });
  const tables = database.prepare<[], string>(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all();
  const rows = tables.map((table) => [table, database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]);
  database.close();
  return Object.fromEntries(rows) as Record<string, unknown>;
};

test('what is exported from one database is imported into another, through JSON and back', async () => {
  const folder = newFolder();
  const [from, to] = [join(folder, 'from.db'), join(folder, 'to.db')];
  await fill(from);
  const document = JSON.parse(JSON.stringify(await exportProxyDatabase(from))) as unknown;
  expect(document).toMatchObject({
    apiVersion: 'slapos.proxy/1',
    kind: 'ProxyContent',
    tables: {
      software: [{ url: 'b' }, { url: 'a' }],
      partition: [
        { reference: 'slappart0', partition_reference: 'web', slap_state: 'busy' },
        { reference: 'slappart1', partition_reference: 'db' },
        { reference: 'slappart2', computer_reference: COMPUTER, slap_state: 'free' },
      ],
    },
  });
  expect(await importProxyDatabase(document, { databaseUri: to, computerId: COMPUTER })).toEqual(document);
  expect(rowsOf(to)).toEqual(rowsOf(from));
  // Partitions are given out in the order that they had.
  await using proxy = await createProxy({ databasePath: to, computerId: COMPUTER });
  await proxy.seed({ instances: [{ partitionReference: 'more', softwareReleaseUrl: 'a' }] });
  expect((await readProxyDatabase(to)).partitions.rows.at(-1)).toMatchObject({ reference: 'slappart2' });
});

test('a running master can be exported, and be filled while it is empty', async () => {
  const folder = newFolder();
  const [from, to] = [join(folder, 'from.db'), join(folder, 'to.db')];
  await fill(from);
  await using _running = await createProxy({ databasePath: from, computerId: COMPUTER });
  await using target = await createProxy({ databasePath: to, computerId: COMPUTER });
  const document = await exportProxyDatabase(from);
  await importProxyDatabase(document, { databaseUri: to, computerId: COMPUTER });
  const answer = await target.fetch(new Request('http://localhost/hateoas/partitions/web'));
  expect(answer.status).toBe(200);
  const again = importProxyDatabase(document, { databaseUri: to, computerId: COMPUTER });
  const error = await failureOf(again);
  expect(error).toMatchObject({ code: 'PROXY_CONFLICT' });
  expect(error.message).toContain('computers: 1, partitions: 3');
  await target.seed({ software: [{ softwareReleaseUrl: 'gone' }] });
  await importProxyDatabase(document, { databaseUri: to, computerId: COMPUTER, replace: true });
  expect((await readProxyDatabase(to)).software.rows).toHaveLength(2);
});

test('the file of an old Python proxy is exported as it would be after its migration, and stays', async () => {
  const folder = newFolder();
  const old = join(folder, 'old.db');
  createOldDatabase(old, 12);
  const before = rowsOf(old);
  const { tables } = await exportProxyDatabase(old);
  expect(tables['partition']).toContainEqual(
    expect.objectContaining({ partition_reference: 'db', requested_by: 'web' }),
  );
  expect(rowsOf(old)).toEqual(before);
});

test.each([
  ['no document', 'text', 'expected object'],
  ['another kind', { apiVersion: 'slapos.proxy/2', kind: 'ProxyContent', tables: {} }, 'expected slapos.proxy/1'],
  ['an unknown table', { tables: { partitions: [] } }, 'partitions is no table'],
  ['an unknown column', { tables: { computer: [{ reference: 'C' }, { name: 'x' }] } }, 'row 2 of computer has name'],
  ['a cell that is none', { tables: { computer: [{ reference: ['C'] }] } }, 'tables.computer[0].reference'],
  [
    'a row twice',
    {
      tables: {
        setting: [
          { name: 'a', value: '1' },
          { name: 'a', value: '2' },
        ],
      },
    },
    'row 2 of setting cannot be kept: UNIQUE',
  ],
])('%s is refused, and nothing is made', async (_name, document, says) => {
  const folder = newFolder();
  const databaseUri = join(folder, 'to.db');
  const whole =
    typeof document === 'string' ? document : { apiVersion: 'slapos.proxy/1', kind: 'ProxyContent', ...document };
  const error = await failureOf(importProxyDatabase(whole, { databaseUri, computerId: COMPUTER }));
  expect(error.code).toBe('PROXY_DATABASE_UNREADABLE');
  expect(error.message).toContain(says);
  expect((await failureOf(readProxyDatabase(databaseUri))).code).toBe('PROXY_NOT_FOUND');
});
