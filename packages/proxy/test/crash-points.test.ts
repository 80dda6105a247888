import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { silentLogger } from '@slapos/slap';
import { expect, test } from 'vitest';

import { formatComputer } from '../src/allocation/format-computer.js';
import { requestInstance } from '../src/allocation/request-instance.js';
import { requestSharedInstance } from '../src/allocation/request-shared-instance.js';
import { TimestampSource } from '../src/allocation/timestamps.js';
import { bangTree, destroyInstance, renameInstance } from '../src/allocation/tree.js';
import type { StoreWriter } from '../src/store/proxy-store.js';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.js';
import { SHARED_TABLES } from '../src/store/tables.js';
import { readContent } from './support/old-database.js';
import { temporaryFolder } from './support/server-process.js';

const computerId = 'COMP-1';
const timestamps = new TimestampSource(Date.now);
const context = { defaultComputerId: computerId, timestamps };
const key = (index: number) => ({ computerId, partitionId: `slappart${index}` });

const request = (name: string, options: { requester?: number; requestedState?: string; shared?: boolean } = {}) => ({
  requester: options.requester === undefined ? undefined : key(options.requester),
  name,
  softwareReleaseUrl: 'https://sr.example/software.cfg',
  softwareType: 'default',
  parameters: new Map([['size', name.length]]),
  filter: new Map(),
  requestedState: options.requestedState ?? null,
  shared: options.shared ?? false,
});

const description = (partitions: number) => ({
  computerId,
  address: null,
  netmask: null,
  partitions: Array.from({ length: partitions }, (_, index) => ({
    partitionId: `slappart${index}`,
    interfaceName: `tap${index}`,
    addresses: [{ address: `10.0.0.${index}`, netmask: null }],
  })),
});

/** A life of a small computer; each is one call of a client. */
const CHANGES: readonly ((writer: StoreWriter) => Promise<unknown>)[] = [
  (writer) => formatComputer(writer, description(5), silentLogger),
  (writer) => writer.supply({ url: 'https://sr.example/software.cfg', computerId, requestedState: 'available' }),
  (writer) => requestInstance(writer, request('root'), context),
  (writer) => requestInstance(writer, request('child', { requester: 0 }), context),
  (writer) => requestInstance(writer, request('grandchild', { requester: 1 }), context),
  (writer) => requestSharedInstance(writer, request('front', { requester: 1, shared: true }), context),
  (writer) => writer.setConnection(key(0), '<instance/>'),
  (writer) => writer.setSlaveConnection(key(0), 'root_front', '<instance/>'),
  (writer) => bangTree(writer, key(2), timestamps),
  (writer) => renameInstance(writer, key(0), 'tree'),
  (writer) => requestInstance(writer, request('tree', { requestedState: 'stopped' }), context),
  (writer) => requestInstance(writer, request('child', { requester: 0 }), context),
  (writer) => requestInstance(writer, request('tree', { requestedState: 'started' }), context),
  (writer) => requestInstance(writer, request('child', { requester: 0 }), context),
  (writer) =>
    requestSharedInstance(
      writer,
      request('front', { requester: 0, requestedState: 'destroyed', shared: true }),
      context,
    ),
  (writer) => requestInstance(writer, request('tree', { requestedState: 'destroyed' }), context),
  (writer) => destroyInstance(writer, key(0)),
  (writer) => destroyInstance(writer, key(2)),
  (writer) => destroyInstance(writer, key(1)),
  (writer) => destroyInstance(writer, key(0)),
  (writer) => formatComputer(writer, description(3), silentLogger),
];

/** `npm run torture -w @slapos/proxy` lives it several times, on what the life before left. */
const LIVES = process.env['SLAPOS_TORTURE'] === undefined ? 1 : 6;
const POINTS_OF_LIFE = 150;

test('a crash at any statement of any change leaves what was acknowledged, and no half change', {
  timeout: LIVES * 60_000,
}, async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'proxy.db');
  let acknowledged = 0;
  let isOpen = false;
  const points: { readonly path: string; readonly acknowledged: number }[] = [];
  const store = openSqliteStore({
    path,
    computerId,
    onStatement: () => {
      // How a database is made is for the tests of migration.
      if (isOpen) points.push({ path: copyDatabase(path, join(folder.path, `point-${points.length}`)), acknowledged });
    },
  });
  isOpen = true;
  const contents = [readContent(path, SHARED_TABLES)];
  for (const change of Array.from({ length: LIVES }, () => CHANGES).flat()) {
    await store.write(change);
    acknowledged += 1;
    contents.push(readContent(path, SHARED_TABLES));
  }
  await store.close();
  expect(points.length).toBeGreaterThan(LIVES * POINTS_OF_LIFE);
  for (const point of points) {
    const database = new Database(point.path);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
    const found = readContent(point.path, SHARED_TABLES);
    // A change may be on the disk a moment before its client hears of it.
    const allowed = contents.slice(point.acknowledged, point.acknowledged + 2);
    expect(allowed, `after ${point.acknowledged} changes`).toContainEqual(found);
  }
  expect(contents.at(-1)).not.toEqual(contents[0]);
});

function copyDatabase(path: string, folder: string): string {
  mkdirSync(folder);
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) copyFileSync(path + suffix, join(folder, `proxy.db${suffix}`));
  }
  return join(folder, 'proxy.db');
}
