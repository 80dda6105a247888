import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';

import { openSqliteStore } from '../src/store/sqlite/sqlite-store.js';
import { SHARED_TABLES } from '../src/store/tables.js';
import { failureOf } from './support/failure.js';
import { COMPUTER, createOldDatabase, expectedContent, OLD_VERSIONS, readContent } from './support/old-database.js';
import { temporaryFolder } from './support/server-process.js';

const NOW = new Date('2026-01-02T03:04:05.678Z');

async function openAndClose(path: string, options: Partial<Parameters<typeof openSqliteStore>[0]> = {}): Promise<void> {
  const store = openSqliteStore({
    path,
    computerId: COMPUTER,
    localSoftwareReleaseRoot: '/srv/old',
    now: () => NOW,
    ...options,
  });
  await store.close();
}

describe.each(OLD_VERSIONS)('a database of version %i', (version) => {
  test('is migrated, with a backup from which it can be made again', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'proxy.db');
    createOldDatabase(path, version);
    const before = tablesOf(path);
    // Before version 15 the root was not stored, and its first appearance is a move of nothing.
    await openAndClose(path, { localSoftwareReleaseRoot: version >= 15 ? '/srv/old' : '/' });
    expect(readContent(path, SHARED_TABLES)).toEqual(expectedContent(version));

    const backup = join(folder.path, `proxy.db-backup-${version}to17-2026-01-02T03:04:05.678000.sql`);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    const again = new Database(':memory:');
    again.exec(readFileSync(backup, 'utf8'));
    const restored = join(folder.path, 'restored.db');
    writeFileSync(restored, again.serialize());
    again.close();
    expect(tablesOf(restored)).toEqual(before);
  });

  test('survives a crash at any statement of its migration', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'proxy.db');
    const localSoftwareReleaseRoot = version >= 15 ? '/srv/old' : '/';
    createOldDatabase(path, version);
    let statements = 0;
    // What the files are at an instant is what a process that starts after a crash at that instant finds.
    const onStatement = () => {
      copyDatabase(path, join(folder.path, `crash-${statements}`));
      statements += 1;
    };
    await openAndClose(path, { onStatement, localSoftwareReleaseRoot });
    expect(statements).toBeGreaterThan(40);
    for (let index = 0; index < statements; index += 1) {
      const crashed = join(folder.path, `crash-${index}`, 'proxy.db');
      // Not to wait for the disk again and again: this is about what is in the files.
      await openAndClose(crashed, { localSoftwareReleaseRoot, durable: false });
      expect(readContent(crashed, SHARED_TABLES), `crash before statement ${index}`).toEqual(expectedContent(version));
      const database = new Database(crashed);
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      database.close();
    }
  });

  test('is healed when a Python proxy was interrupted while migrating it', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'proxy.db');
    createOldDatabase(path, version);
    const database = new Database(path);
    database.exec(
      'CREATE TABLE software17 (url VARCHAR(255), computer_reference VARCHAR(255), requested_state VARCHAR(255), PRIMARY KEY (url, computer_reference))',
    );
    database.close();
    await openAndClose(path, { localSoftwareReleaseRoot: version >= 15 ? '/srv/old' : '/' });
    const { software17, ...others } = readContent(path, SHARED_TABLES);
    expect(software17).toHaveLength(1);
    expect(others).toEqual({ ...expectedContent(version), software17: undefined });
  });
});

test('a new database has the tables of the Python proxy, readable by its owner alone', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'proxy.db');
  await openAndClose(path, { localSoftwareReleaseRoot: '/' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const database = new Database(path);
  const columns = (table: string) =>
    database
      .prepare<[], { name: string }>(`PRAGMA table_info(${table})`)
      .all()
      .map(({ name }) => name);
  expect(Object.fromEntries(SHARED_TABLES.map((table) => [table, columns(table)]))).toEqual({
    config17: ['name', 'value'],
    software17: ['url', 'computer_reference', 'requested_state'],
    computer17: ['reference', 'address', 'netmask'],
    partition17: [
      'reference',
      'computer_reference',
      'slap_state',
      'software_release',
      'xml',
      'connection_xml',
      'slave_instance_list',
      'software_type',
      'partition_reference',
      'requested_by',
      'requested_state',
      'timestamp',
    ],
    slave17: ['reference', 'computer_reference', 'connection_xml', 'hosted_by', 'asked_by'],
    partition_network17: ['partition_reference', 'computer_reference', 'reference', 'address', 'netmask'],
    forwarded_partition_request17: ['partition_reference', 'master_url'],
  });
  const names = database.prepare<[], string>(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all();
  database.close();
  expect(
    names.filter((name) => !name.endsWith('17')),
    'a Python proxy takes the version from the ends of all names',
  ).toEqual([]);
});

describe('a database that cannot be used is left alone, and the error says why', () => {
  test.each([
    ['of a newer proxy', 'CREATE TABLE partition18 (reference TEXT)', 'PROXY_DATABASE_TOO_NEW'],
    ['of a very old proxy', 'CREATE TABLE partition9 (reference TEXT)', 'PROXY_DATABASE_UNREADABLE'],
    ['of another program', 'CREATE TABLE bookmarks (url TEXT)', 'PROXY_DATABASE_UNREADABLE'],
  ])('%s', async (_name, sql, code) => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'proxy.db');
    const database = new Database(path);
    database.exec(sql);
    database.close();
    const before = tablesOf(path);
    const error = await failureOf(openAndClose(path));
    expect(error.code).toBe(code);
    expect(error.hint).toBeTypeOf('string');
    expect(tablesOf(path)).toEqual(before);
    expect(readdirSync(folder.path).filter((name) => name.includes('backup'))).toEqual([]);
  });

  test('not SQLite at all', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'proxy.db');
    writeFileSync(path, 'This is a text, and much longer than the header of a database is. '.repeat(20));
    expect((await failureOf(openAndClose(path))).code).toBe('PROXY_DATABASE_UNREADABLE');
  });

  test('in a folder that does not exist', async () => {
    const error = await failureOf(openAndClose('/nonexistent/folder/proxy.db'));
    expect(error.code).toBe('PROXY_DATABASE_FAILED');
    expect(error.hint).toContain('folder');
  });
});

describe('local Software Releases follow their folder', () => {
  test.each([
    { what: 'elsewhere', to: '/srv/new', url: '/srv/new/software/web.cfg' },
    { what: 'into a folder inside', to: '/srv/old/inside', url: '/srv/old//software/web.cfg' },
    { what: 'to the folder above', to: '/srv', url: '/srv/old//software/web.cfg' },
    { what: 'nowhere', to: '/srv/old', url: '/srv/old//software/web.cfg' },
  ])('when it moves $what', async ({ to, url }) => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'proxy.db');
    createOldDatabase(path, 16);
    await openAndClose(path);
    await openAndClose(path, { localSoftwareReleaseRoot: to });
    const { software17, partition17, config17 } = readContent(path, SHARED_TABLES) as Record<string, string[][]>;
    expect(software17!.map(([first]) => first)).toEqual([url]);
    expect([...new Set(partition17!.map((row) => row[3]))]).toEqual([url, null]);
    expect(config17).toEqual([['local_software_release_root', to]]);
    expect(existsSync(join(folder.path, 'proxy.db-backup-2026-01-02T03:04:05.678000.sql'))).toBe(
      url.startsWith('/srv/new'),
    );
  });
});

function tablesOf(path: string): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true });
  const names = database
    .prepare<[], string>(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
    .pluck()
    .all();
  database.close();
  return readContent(path, names);
}

function copyDatabase(path: string, folder: string): void {
  mkdirSync(folder);
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) copyFileSync(path + suffix, join(folder, `proxy.db${suffix}`));
  }
}
