import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { openStore } from '../src/store/open-store.js';
import type { ProxyStore } from '../src/store/proxy-store.js';
import { EVENT_KINDS, type InstanceValues, type ReportRecord } from '../src/store/records.js';
import { failureOf } from './support/failure.js';
import { type PostgresServer, startPostgres } from './support/postgres-server.js';
import { temporaryFolder } from './support/server-process.js';

const COMPUTER = 'COMP-1';
const RELEASE = 'https://sr.example/software.cfg';
const [REPORTS_KEPT, USAGE_KEPT] = [50, 400];

let postgres: PostgresServer;
let databases = 0;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres[Symbol.asyncDispose]());

/** An empty place for a store, gone after the test. */
type NewPlace = () => Promise<string>;
const inFile: NewPlace = () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  return Promise.resolve(join(folder.path, 'proxy.db'));
};
const inPostgres: NewPlace = () => postgres.createDatabase(`contract-${(databases += 1)}`);
const inMemory: NewPlace = () => Promise.resolve(':memory:');

async function open(place: string): Promise<ProxyStore> {
  const store = await openStore(place, { computerId: COMPUTER, now: () => new Date(1_700_000_000_000) });
  onTestFinished(() => store.close());
  return store;
}

function values(change: Partial<InstanceValues> = {}): InstanceValues {
  return {
    softwareReleaseUrl: RELEASE,
    parameterXml: '<instance/>',
    softwareType: 'default',
    requestedState: 'started',
    changedAt: 1_700_000_000.123_456,
    ...change,
  };
}

const key = (partitionId: string, computerId = COMPUTER) => ({ computerId, partitionId });

/** Adds a computer with that many free partitions. */
async function format(store: ProxyStore, count: number, computerId = COMPUTER): Promise<void> {
  await store.write(async (writer) => {
    await writer.saveComputer({ computerId, address: '127.0.0.1', netmask: null });
    for (let index = 0; index < count; index += 1) await writer.addPartition(key(`slappart${index}`, computerId));
  });
}

function request(store: ProxyStore, instanceName: string, rootName = '', change: Partial<InstanceValues> = {}) {
  return store.write((writer) => writer.takeFreePartition(COMPUTER, { ...values(change), instanceName, rootName }));
}

const report = (change: Partial<ReportRecord> = {}): ReportRecord => ({
  computerId: COMPUTER,
  partitionId: '',
  softwareReleaseUrl: '',
  slaveReference: '',
  kind: 'error',
  message: 'no',
  reportedAt: 1_700_000_000.5,
  ...change,
});

describe.each([
  { name: 'a SQLite file', newPlace: inFile, isShared: true },
  { name: 'SQLite in memory', newPlace: inMemory, isShared: false },
  { name: 'PostgreSQL', newPlace: inPostgres, isShared: true },
])('a store in $name', ({ newPlace, isShared }) => {
  let place: string;
  let store: ProxyStore;
  beforeEach(async () => {
    place = await newPlace();
    store = await openStore(place, { computerId: COMPUTER, now: () => new Date(1_700_000_000_000) });
    return () => store.close();
  });

  test('keeps computers, in the order of their first registration', async () => {
    await format(store, 0, 'B');
    await format(store, 0, 'A');
    await store.write((writer) => writer.saveComputer({ computerId: 'B', address: null, netmask: '255.0.0.0' }));
    await store.read(async (reader) => {
      expect(await reader.computers()).toEqual([
        { computerId: 'B', address: null, netmask: '255.0.0.0' },
        { computerId: 'A', address: '127.0.0.1', netmask: null },
      ]);
      expect(await reader.computer('A')).toMatchObject({ address: '127.0.0.1' });
      expect(await reader.computer('a')).toBeUndefined();
    });
  });

  test('gives out partitions in the order of registration, the freed ones again', async () => {
    await format(store, 11);
    await format(store, 1, 'OTHER');
    const taken = [await request(store, 'one'), await request(store, 'two'), await request(store, 'three')];
    expect(taken.map((partition) => partition?.partitionId)).toEqual(['slappart0', 'slappart1', 'slappart2']);
    await store.write((writer) => writer.freePartition(key('slappart1')));
    expect(await request(store, 'four')).toEqual({
      ...key('slappart1'),
      slapState: 'busy',
      softwareReleaseUrl: RELEASE,
      parameterXml: '<instance/>',
      connectionXml: null,
      sharedInstanceList: null,
      softwareType: 'default',
      instanceName: 'four',
      rootName: '',
      requestedState: 'started',
      changedAt: 1_700_000_000.123_456,
    });
    for (let index = 3; index < 11; index += 1) await request(store, `more-${index}`);
    expect(await request(store, 'too many')).toBeUndefined();
    const { partitions, counts } = await store.read(async (reader) => ({
      partitions: await reader.partitionsOf(COMPUTER),
      counts: await reader.partitionCounts(),
    }));
    expect(partitions.map(({ partitionId }) => partitionId)).toEqual(
      Array.from({ length: 11 }, (_, index) => `slappart${index}`),
    );
    expect(counts).toEqual([
      { computerId: COMPUTER, slapState: 'busy', count: 11 },
      { computerId: 'OTHER', slapState: 'free', count: 1 },
    ]);
  });

  test('has one instance of a name in a tree', async () => {
    await format(store, 3);
    await request(store, 'web');
    expect((await failureOf(request(store, 'web'))).code).toBe('PROXY_CONFLICT');
    await request(store, 'web', 'web');
    await request(store, 'db', 'web');
    const renaming = store.write((writer) => writer.renameInstance(key('slappart2'), 'web'));
    expect((await failureOf(renaming)).message).toBe('There is already an instance named "web"');
    await store.read(async (reader) => {
      expect(await reader.instance('db', 'web')).toMatchObject(key('slappart2'));
      expect(await reader.instance('web', 'web')).toMatchObject(key('slappart1'));
      expect(await reader.firstInstanceNamed('web')).toMatchObject(key('slappart0'));
    });
  });

  test('changes instances and trees', async () => {
    await format(store, 4);
    await request(store, 'root');
    await request(store, 'a', 'root');
    await request(store, 'b', 'root');
    await store.write(async (writer) => {
      await writer.updateInstance(key('slappart1'), values({ softwareType: 'other', changedAt: null }));
      await writer.requestStateOfDescendants('root', 'stopped');
      await writer.touchTree('root', 5.000_001);
      expect(await writer.setConnection(key('slappart0'), '<instance>é</instance>')).toBe(true);
      expect(await writer.setConnection(key('nowhere'), '<instance/>')).toBe(false);
      await writer.setSharedInstances(key('slappart2'), '<list/>', 6);
      await writer.renameInstance(key('slappart0'), 'renamed');
      await writer.renameRoot('root', 'renamed');
      await writer.removePartition(key('slappart3'));
    });
    await store.read(async (reader) => {
      expect(await reader.rootInstances()).toMatchObject([
        {
          instanceName: 'renamed',
          requestedState: 'started',
          connectionXml: '<instance>é</instance>',
          changedAt: 5.000_001,
        },
      ]);
      expect(await reader.descendantsOf('renamed')).toMatchObject([
        { instanceName: 'a', softwareType: 'other', requestedState: 'stopped', changedAt: 5.000_001 },
        { instanceName: 'b', sharedInstanceList: '<list/>', changedAt: 6 },
      ]);
      expect(await reader.descendantsOf('root')).toEqual([]);
      expect(await reader.partition(key('slappart3'))).toBeUndefined();
      expect(await reader.partitionsOf(COMPUTER)).toHaveLength(3);
    });
  });

  test('finds hosts by the conditions that are given', async () => {
    await format(store, 3);
    await request(store, 'one', '', { softwareType: 'x' });
    await request(store, 'two', '', { softwareType: 'y' });
    const conditions = { computerId: COMPUTER, softwareReleaseUrl: RELEASE };
    await store.read(async (reader) => {
      expect(await reader.findHost(conditions)).toMatchObject({ instanceName: 'one' });
      expect(await reader.findHost({ ...conditions, softwareType: 'y' })).toMatchObject({ instanceName: 'two' });
      expect(await reader.findHost({ ...conditions, partitionId: 'slappart1' })).toMatchObject({ instanceName: 'two' });
      expect(await reader.findHost({ ...conditions, softwareType: 'x', partitionId: 'slappart1' })).toBeUndefined();
      expect(await reader.findHost({ ...conditions, softwareReleaseUrl: 'other' })).toBeUndefined();
    });
  });

  test('shows partitions with their addresses, in the order of both', async () => {
    await format(store, 2);
    await store.write((writer) =>
      writer.replaceNetwork(COMPUTER, [{ partitionId: 'x', interfaceName: 'x', address: '::9', netmask: null }]),
    );
    await store.write((writer) =>
      writer.replaceNetwork(COMPUTER, [
        { partitionId: 'slappart1', interfaceName: 'z', address: '10.0.0.2', netmask: '255.0.0.0' },
        { partitionId: 'slappart1', interfaceName: 'a', address: '::2', netmask: null },
      ]),
    );
    const seen: unknown[] = [];
    await store.read(async (reader) => {
      await reader.visitPartitions(COMPUTER, ({ partitionId, slapState, network }) =>
        seen.push({ partitionId, slapState, network }),
      );
      expect(await reader.networkOfPartition(key('slappart1'))).toEqual([
        { partitionId: 'slappart1', interfaceName: 'z', address: '10.0.0.2', netmask: '255.0.0.0' },
        { partitionId: 'slappart1', interfaceName: 'a', address: '::2', netmask: null },
      ]);
      expect(await reader.networkOfPartition(key('x'))).toEqual([]);
    });
    expect(seen).toEqual([
      { partitionId: 'slappart0', slapState: 'free', network: [] },
      {
        partitionId: 'slappart1',
        slapState: 'free',
        network: [
          { interfaceName: 'z', address: '10.0.0.2' },
          { interfaceName: 'a', address: '::2' },
        ],
      },
    ]);
  });

  test('keeps what computers are supplied with, in the order of the last supply', async () => {
    const supply = (url: string, requestedState = 'available') =>
      store.write((writer) => writer.supply({ url, computerId: COMPUTER, requestedState }));
    for (const url of ['c', 'a', 'b']) await supply(url);
    await supply('a', 'destroyed');
    await store.write((writer) => writer.removeSoftware('c', COMPUTER));
    expect(await store.read((reader) => reader.softwareOf(COMPUTER))).toEqual([
      { url: 'b', computerId: COMPUTER, requestedState: 'available' },
      { url: 'a', computerId: COMPUTER, requestedState: 'destroyed' },
    ]);
    expect(await store.read((reader) => reader.softwareOf('OTHER'))).toEqual([]);
  });

  test('keeps shared instances and forwarded requests', async () => {
    const slave = {
      slaveReference: '_s',
      computerId: COMPUTER,
      connectionXml: null,
      hostedBy: 'slappart0',
      askedBy: '',
    };
    const forwarded = { name: 'far', masterUrl: 'https://master.example/' };
    await store.write(async (writer) => {
      await writer.addSlave(slave);
      await writer.addSlave({ ...slave, slaveReference: 'web_s', askedBy: 'web', computerId: 'OTHER' });
      expect(await writer.setSlaveConnection(key('slappart7'), '_s', '<instance/>')).toBe(true);
      expect(await writer.setSlaveConnection(key('slappart7'), 'unknown', '<instance/>')).toBe(false);
      await writer.addForwarded(forwarded);
      await writer.addForwarded(forwarded);
      await writer.addForwarded({ ...forwarded, name: 'further' });
      await writer.removeForwarded({ ...forwarded, name: 'further' });
    });
    await store.read(async (reader) => {
      expect(await reader.slave('_s')).toEqual({ ...slave, connectionXml: '<instance/>', hostedBy: 'slappart7' });
      expect(await reader.slave('_s', 'OTHER')).toBeUndefined();
      expect(await reader.slavesAskedBy('web')).toMatchObject([{ slaveReference: 'web_s' }]);
      expect(await reader.slavesHostedOn(COMPUTER)).toMatchObject([{ slaveReference: '_s' }]);
      expect(await reader.isForwarded(forwarded)).toBe(true);
      expect(await reader.isForwarded({ ...forwarded, masterUrl: 'x' })).toBe(false);
      expect(await reader.forwardedRequests()).toEqual([forwarded]);
    });
    await store.write((writer) => writer.removeSlave('_s', COMPUTER));
    expect(await store.read((reader) => reader.slave('_s'))).toBeUndefined();
  });

  test('keeps the newest reports about each subject', async () => {
    await store.write(async (writer) => {
      await writer.addReport(report({ partitionId: 'slappart0', kind: 'started', message: '' }));
      for (let number = 0; number <= REPORTS_KEPT; number += 1)
        await writer.addReport(report({ message: `${number}` }));
      for (let number = 0; number <= USAGE_KEPT; number += 1) {
        await writer.addUsage({ computerId: COMPUTER, document: `<journal n="${number}"/>`, reportedAt: number });
      }
    });
    await store.read(async (reader) => {
      const kept = await reader.reports({ computerId: COMPUTER }, 1_000);
      expect(kept).toHaveLength(REPORTS_KEPT);
      expect(kept[0]).toEqual(report({ message: '50' }));
      expect(kept.at(-1)?.message).toBe('1');
      expect(await reader.reports({ computerId: COMPUTER }, 2)).toHaveLength(2);
      expect(await reader.latestReports(COMPUTER)).toMatchObject([{ partitionId: 'slappart0' }, { message: '50' }]);
      const usage = await reader.usageReports(COMPUTER, 1_000);
      expect(usage).toHaveLength(USAGE_KEPT);
      expect(usage[0]).toEqual({ computerId: COMPUTER, document: '<journal n="400"/>', reportedAt: 400 });
    });
  });

  test('forgets with an instance what is known of it', async () => {
    await format(store, 1);
    await request(store, 'web');
    const partition = key('slappart0');
    const certificate = { serial: 'a1', ...partition, certificatePem: 'C', keyPem: 'K', issuedAt: 1, revokedAt: null };
    await store.write(async (writer) => {
      await writer.setOwnWish(partition, 'started');
      await writer.setOwnWish(partition, 'stopped');
      await writer.setRelatedInstances(partition, ['x']);
      await writer.setRelatedInstances(partition, ['a', 'b']);
      await writer.addCertificate(certificate);
      await writer.setOwnWish(key('slappart9'), 'stopped');
      await writer.forgetOwnWish(key('slappart9'));
    });
    await store.read(async (reader) => {
      expect(await reader.ownWish(partition)).toBe('stopped');
      expect(await reader.ownWish(key('slappart9'))).toBeUndefined();
      expect(await reader.relatedInstances(partition)).toEqual(['a', 'b']);
      expect(await reader.certificate(partition)).toEqual(certificate);
    });
    await store.write((writer) => writer.freePartition(partition));
    await store.read(async (reader) => {
      expect(await reader.ownWish(partition)).toBeUndefined();
      expect(await reader.relatedInstances(partition)).toBeUndefined();
      expect(await reader.certificate(partition)).toBeUndefined();
      expect(await reader.certificateBySerial('a1')).toMatchObject({ revokedAt: 1_700_000_000 });
    });
  });

  test('keeps settings and certificates', async () => {
    await store.write(async (writer) => {
      await writer.setSetting('token', 'one');
      await writer.setSetting('token', 'two');
      await writer.addCertificate({
        serial: 'b2',
        ...key(''),
        certificatePem: 'C',
        keyPem: 'K',
        issuedAt: 1,
        revokedAt: null,
      });
      await writer.revokeCertificate('b2', 3.5);
    });
    await store.read(async (reader) => {
      expect(await reader.setting('token')).toBe('two');
      expect(await reader.setting('other')).toBeUndefined();
      expect(await reader.certificateBySerial('b2')).toMatchObject({ revokedAt: 3.5 });
      expect(await reader.certificate(key(''))).toBeUndefined();
    });
  });

  test('tells events by their place, computer, tree and kind', async () => {
    expect(await store.read((reader) => reader.eventRange())).toBeUndefined();
    await store.write(async (writer) => {
      for (const kind of EVENT_KINDS) await writer.addEvent({ kind, computerId: COMPUTER, root: 'web' });
      await writer.addEvent({ kind: 'instance.freed', computerId: 'OTHER', root: 'db', message: 'gone' });
    });
    await store.read(async (reader) => {
      const all = await reader.eventsAfter(0, 100);
      expect(all.map(({ kind }) => kind)).toEqual([...EVENT_KINDS, 'instance.freed']);
      expect(all.at(-1)).toMatchObject({
        happenedAt: 1_700_000_000,
        computerId: 'OTHER',
        root: 'db',
        message: 'gone',
        state: '',
      });
      const ids = all.map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted((one, other) => one - other));
      expect(await reader.eventRange()).toEqual({ oldest: ids[0], newest: ids.at(-1) });
      expect(await reader.eventsAfter(ids.at(-2)!, 100)).toEqual([all.at(-1)]);
      expect(await reader.eventsAfter(0, 2)).toEqual(all.slice(0, 2));
      expect(await reader.eventsAfter(0, 100, { computerId: 'OTHER' })).toEqual([all.at(-1)]);
      expect(await reader.eventsAfter(0, 100, { tree: 'db' })).toEqual([all.at(-1)]);
      expect(await reader.eventsAfter(0, 100, { kind: 'shared' })).toHaveLength(3);
      expect(await reader.eventsAfter(0, 100, { kind: 'shared.published' })).toHaveLength(1);
      expect(await reader.eventsAfter(0, 100, { kind: 'share' })).toEqual([]);
    });
  });

  test('keeps all of a change or nothing of it, whatever becomes of those beside it', async () => {
    await format(store, 40);
    const changes = Array.from({ length: 40 }, (_, number) =>
      store.write(async (writer) => {
        await writer.takeFreePartition(COMPUTER, { ...values(), instanceName: `i${number}`, rootName: '' });
        await writer.setSetting(`s${number}`, 'kept');
        if (number % 2 === 0) throw new RangeError(`${number}`);
      }),
    );
    const outcomes = await Promise.allSettled(changes);
    for (const [number, { status }] of outcomes.entries())
      expect(status).toBe(number % 2 === 0 ? 'rejected' : 'fulfilled');
    await store.read(async (reader) => {
      const names = (await reader.rootInstances()).map(({ instanceName }) => instanceName);
      expect(names).toEqual(Array.from({ length: 20 }, (_, number) => `i${2 * number + 1}`));
      expect(await reader.setting('s0')).toBeUndefined();
      expect(await reader.setting('s1')).toBe('kept');
    });
  });

  test('shows a reader one state, while others change it', async () => {
    await store.write(async (writer) => {
      await writer.setSetting('left', '0');
      await writer.setSetting('right', '0');
    });
    const writing = (async () => {
      for (let turn = 1; turn <= 50; turn += 1) {
        await store.write(async (writer) => {
          await writer.setSetting('left', `${turn}`);
          await writer.setSetting('right', `${turn}`);
        });
      }
    })();
    const seen = new Set<string | undefined>();
    while (!seen.has('50')) {
      const [left, right] = await store.read(async (reader) => [
        await reader.setting('left'),
        await reader.setting('right'),
      ]);
      expect(left).toBe(right);
      seen.add(left);
      await nextTurn();
    }
    await writing;
    expect(seen.size).toBeGreaterThan(1);
  });

  test('has another version after each change, and the same after questions', async () => {
    const before = await store.version();
    await store.read((reader) => reader.computers());
    expect(await store.version()).toBe(before);
    await store.write((writer) => writer.setSetting('a', '1'));
    const after = await store.version();
    expect(after).not.toBe(before);
    expect(await store.version()).toBe(after);
  });

  test('tells who listens of changes, until he does not', async () => {
    let told = 0;
    const listening = store.onChange(() => {
      told += 1;
    });
    await store.write((writer) => writer.setSetting('a', '1'));
    await expect.poll(() => told).toBeGreaterThan(0);
    listening[Symbol.dispose]();
    const before = told;
    await store.write((writer) => writer.setSetting('a', '2'));
    expect(told).toBe(before);
  });

  test('refuses everything when it is closed, and can be closed again', async () => {
    await store.close();
    await store.close();
    const refused = [
      store.read((reader) => reader.computers()),
      store.write((writer) => writer.setSetting('a', '1')),
      store.version(),
      store.snapshot(),
    ];
    for (const attempt of refused) expect((await failureOf(attempt)).code).toBe('PROXY_CLOSED');
  });

  test('refuses a snapshot that is none, and stays as it was', async () => {
    await format(store, 1);
    const restoring = store.restore(new TextEncoder().encode('no database'));
    expect((await failureOf(restoring)).code).toBe('PROXY_DATABASE_UNREADABLE');
    expect(await store.read((reader) => reader.computers())).toHaveLength(1);
  });

  if (isShared) {
    test('shows and tells changes to others that have opened it', async () => {
      const other = await open(place);
      let told = 0;
      using _listening = other.onChange(() => {
        told += 1;
      });
      const before = await other.version();
      // Until it hears the first, it may still be connecting.
      await expect
        .poll(async () => {
          await format(store, 3);
          return told;
        })
        .toBeGreaterThan(0);
      expect(await other.version()).not.toBe(before);
      expect(await other.read((reader) => reader.partitionsOf(COMPUTER))).toHaveLength(3);
    });

    test('gives a partition once, whoever of several asks', async () => {
      await format(store, 30);
      const others = [store, await open(place), await open(place)];
      const taken = await Promise.all(
        Array.from({ length: 30 }, (_, number) => request(others[number % 3]!, `i${number}`)),
      );
      expect(new Set(taken.map((partition) => partition?.partitionId)).size).toBe(30);
    });
  }
});

describe('the content of a store', () => {
  test.each([
    { from: 'a SQLite file', to: 'PostgreSQL', source: inFile, target: inPostgres },
    { from: 'PostgreSQL', to: 'PostgreSQL', source: inPostgres, target: inPostgres },
    { from: 'PostgreSQL', to: 'memory', source: inPostgres, target: inMemory },
  ])('moves from $from to $to with the order of everything', async ({ source: newSource, target: newTarget }) => {
    const source = await open(await newSource());
    await format(source, 1_200);
    for (const name of ['a', 'b', 'c']) await request(source, name);
    await source.write(async (writer) => {
      await writer.freePartition(key('slappart1'));
      await writer.removePartition(key('slappart1'));
      await writer.addPartition(key('slappart1'));
      for (const url of ['z', 'y', 'z'])
        await writer.supply({ url, computerId: COMPUTER, requestedState: 'available' });
      await writer.addReport(report({ message: 'it is "quoted"\n\tand 🙂' }));
      await writer.addEvent({ kind: 'instance.freed', root: 'a' });
      await writer.setSetting('token', 'secret');
    });
    const target = await open(await newTarget());
    await format(target, 5, 'GONE');
    await target.restore(await source.snapshot());
    const contentOf = (store: ProxyStore) =>
      store.read(async (reader) => ({
        computers: await reader.computers(),
        partitions: await reader.partitionsOf(COMPUTER),
        software: await reader.softwareOf(COMPUTER),
        reports: await reader.latestReports(COMPUTER),
        events: await reader.eventsAfter(0, 100),
        token: await reader.setting('token'),
      }));
    expect(await contentOf(target)).toEqual(await contentOf(source));
    // What is added afterwards comes after it.
    await target.write(async (writer) => {
      await writer.addPartition(key('last'));
      await writer.addEvent({ kind: 'instance.freed', root: 'b' });
    });
    const { partitions, events } = await contentOf(target);
    expect(partitions.slice(-2).map(({ partitionId }) => partitionId)).toEqual(['slappart1', 'last']);
    expect(events.map(({ root }) => root)).toEqual(['a', 'b']);
    expect((await failureOf(request(target, 'a'))).code).toBe('PROXY_CONFLICT');
  });
});
