import { lstat, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { softwareReleasePath } from '../src/index.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';
import { isRoot } from './support/node.js';

let harness: Harness;
let url: string;
// One release is built and one supervisor started for all tests: that takes longer than most of them.
beforeAll(async () => {
  harness = await Harness.create();
  url = harness.node.releaseUrl('hello-web');
  await harness.prebuild('hello-web');
});
afterEach(() => harness.reset());
afterAll(() => harness[Symbol.asyncDispose]());

async function deployed(): Promise<string> {
  harness.supply('hello-web');
  return harness.node.addPartition('slappart0');
}

async function read(...names: string[]): Promise<string> {
  return readFile(path.join(...names), 'utf8');
}

describe('a started partition', () => {
  test('is built, started, checked, reported and marked; then it is left alone', async () => {
    const directory = await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url, timestamp: '1763800000.25' });
    const result = await harness.runInstance({ certificateRepositoryPath: harness.node.certificateRepositoryPath });
    expect(result.items).toMatchObject([{ partitionId: 'slappart0', action: 'process', outcome: 'processed' }]);
    expect(result.outcome).toBe('success');
    expect(harness.takeCalls()).toEqual([
      'fetchComputerInformation',
      'fetchPartitionCertificate slappart0',
      'reportPartitionStarted slappart0',
    ]);
    expect(await read(directory, '.timestamp')).toBe('1763800000.25');
    expect(await read(directory, '.slapos-retention-lock-delay')).toBe('0.0');
    expect(await readlink(path.join(directory, 'software_release'))).toBe(
      softwareReleasePath(harness.node.softwareRoot, url),
    );
    expect(await readdir(directory)).not.toContain('.slapgrid-slappart0-error.log');

    const user = harness.node.partitionUser('slappart0');
    const ours = { uid: process.geteuid?.(), gid: process.getegid?.() };
    const key = await stat(path.join(harness.node.certificateRepositoryPath, 'slappart0.key'));
    expect(key.mode & 0o7777).toBe(0o400);
    expect({ uid: key.uid, gid: key.gid }).toEqual(user === undefined ? ours : { uid: user.uid, gid: user.gid });
    const link = await lstat(path.join(directory, 'software_release'));
    expect(link.uid).toBe(user?.uid ?? ours.uid);
    const log = await stat(path.join(directory, '.slapgrid/log'));
    expect([log.mode & 0o7777, log.uid]).toEqual([0o700, user?.uid ?? ours.uid]);
    const lines = (await read(directory, '.slapgrid/log/instance.log')).split('\n');
    expect(lines[0]).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] INFO {5}slapos\.grid /);
    expect(lines.slice(0, 4).map((line) => line.replace(/^.*slapos\.grid /, ''))).toEqual([
      'Processing Computer Partition slappart0.',
      `  Software URL: ${url} `,
      `  Software path: ${softwareReleasePath(harness.node.softwareRoot, url)}`,
      `  Instance path: ${directory}`,
    ]);

    const info = await harness.supervisor.processInfo('slappart0:hello-server-on-watch');
    expect(info?.stateName).toBe('RUNNING');
    const again = await harness.runInstance();
    expect(again.items).toMatchObject([{ action: 'check', reason: 'unchanged', outcome: 'unchanged' }]);
    expect((await harness.supervisor.processInfo('slappart0:hello-server-on-watch'))?.pid).toBe(info?.pid);
  });

  test('answers, and each step of it is an event', async () => {
    const directory = await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await harness.runInstance();
    const published = JSON.parse(await read(directory, '.published.json')) as { url: string };
    expect(await (await fetch(published.url)).text()).toContain('Hello from');
    const steps = harness.events.filter((event) => event.type === 'partition.step').map((event) => event.step);
    expect(steps).toEqual(['build', 'start', 'promises', 'report']);
    expect(harness.events.at(-1)).toMatchObject({
      type: 'pass.finished',
      outcome: 'success',
      exitCode: 0,
      counts: { processed: 1 },
      durationMs: expect.toSatisfy(Number.isInteger) as number,
    });
    const [first] = harness.events;
    expect(first).toMatchObject({ v: 1, type: 'pass.started', pass: 'instance', pid: process.pid });
    expect(first).toHaveProperty('id', first?.passId);
    // From then on `pass` is the id that it began with.
    const others = harness.events.slice(1).map(({ pass, passName }) => `${passName} ${pass}`);
    expect(new Set(others)).toEqual(new Set([`instance ${first?.passId ?? ''}`]));
    const service = { partition: 'slappart0', service: 'hello-server-on-watch' };
    const services = (type: string) => harness.events.filter((event) => event.type === type);
    expect(services('service.started')).toMatchObject([{ ...service, pid: expect.any(Number) as number }]);
    expect(services('service.exited')).toEqual([]);

    harness.events.length = 0;
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url, requestedState: 'stopped', timestamp: '2' });
    await harness.runInstance();
    expect(services('service.exited')).toMatchObject([{ ...service, state: 'REMOVED' }]);
    expect(services('service.started')).toEqual([]);
  });

  test('whose promise fails is reported, and has no mark', async () => {
    const directory = await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await mkdir(path.join(directory, 'etc/promise'), { recursive: true });
    await writeFile(path.join(directory, 'etc/promise/always-fails'), '#!/bin/sh\necho the sky is falling\nexit 1\n', {
      mode: 0o755,
    });
    await chownAs(directory, ['etc', 'etc/promise', 'etc/promise/always-fails']);
    const result = await harness.runInstance();
    expect(result).toMatchObject({ outcome: 'promise-failure', items: [{ outcome: 'promise-failed' }] });
    const message = result.items[0]?.error?.message;
    expect(message).toMatch(/^Promise 'always-fails' failed with output: the sky is falling/);
    expect(harness.master.calls.at(-1)).toEqual(['reportPartitionError', 'slappart0', message]);
    expect(await readdir(directory)).not.toContain('.timestamp');
    expect((await harness.runInstance()).items).toMatchObject([{ action: 'process', reason: 'not-deployed' }]);
  });
});

/** Gives entries to the partition's user, as root. */
async function chownAs(directory: string, names: string[]): Promise<void> {
  const user = harness.node.partitionUser('slappart0');
  if (user === undefined) return;
  const { chown } = await import('node:fs/promises');
  for (const name of names) await chown(path.join(directory, name), user.uid, user.gid);
}

describe('a stopped partition', () => {
  test('is built but does not run', async () => {
    const directory = await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await harness.runInstance();
    harness.takeCalls();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url, requestedState: 'stopped', timestamp: '2' });
    expect(await harness.runInstance()).toMatchObject({ outcome: 'success', items: [{ outcome: 'processed' }] });
    expect(harness.takeCalls()).toEqual(['fetchComputerInformation', 'reportPartitionStopped slappart0']);
    expect(await harness.supervisor.processInfo('slappart0:hello-server-on-watch')).toBeUndefined();
    expect(await read(directory, '.timestamp')).toBe('2');
    expect(await read(directory, 'buildout.cfg')).toContain('\nrequested-state = stopped\n');
  });

  test('is stopped even when its build fails', async () => {
    const directory = await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await harness.runInstance();
    await writeFile(
      path.join(softwareReleasePath(harness.node.softwareRoot, url), 'instance.cfg'),
      '[buildout]\nparts = nope\n',
    );
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url, requestedState: 'stopped', timestamp: '2' });
    expect(await harness.runInstance()).toMatchObject({ outcome: 'failure', items: [{ outcome: 'failed' }] });
    expect(await harness.supervisor.processInfo('slappart0:hello-server-on-watch')).toBeUndefined();
    expect(await readdir(directory)).not.toContain('.timestamp');
    expect(await read(directory, '.slapgrid-slappart0-error.log')).toContain(
      'Failed to run buildout profile in directory',
    );
    expect(await harness.supervisor.allProcessInfo()).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ group: 'slappart0' })]),
    );
  });
});

test('a destroyed partition is stopped and reported; its files stay for the report pass', async () => {
  const directory = await deployed();
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
  await harness.runInstance();
  harness.takeCalls();
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url, requestedState: 'destroyed', timestamp: '2' });
  expect(await harness.runInstance()).toMatchObject({ outcome: 'success' });
  expect(harness.takeCalls()).toEqual(['fetchComputerInformation', 'reportPartitionStopped slappart0']);
  expect(await harness.supervisor.processInfo('slappart0:hello-server-on-watch')).toBeUndefined();
  expect(await readdir(directory)).toContain('buildout.cfg');
});

test('force-stop builds and stops without a word to the master, and leaves the mark as it is', async () => {
  const directory = await deployed();
  harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
  await harness.runInstance();
  harness.takeCalls();
  expect(await harness.runInstance({ forceStop: true })).toMatchObject({
    outcome: 'success',
    items: [{ reason: 'force-stop' }],
  });
  expect(harness.takeCalls()).toEqual(['fetchComputerInformation']);
  expect(await harness.supervisor.processInfo('slappart0:hello-server-on-watch')).toBeUndefined();
  expect(await read(directory, '.timestamp')).toBe('1');
});

test('a free partition is tidied', async () => {
  const directory = await harness.node.addPartition('slappart0');
  await mkdir(path.join(directory, '.slapgrid/log'), { recursive: true });
  for (const name of ['.timestamp', '.slapos-resource', 'left-behind']) await writeFile(path.join(directory, name), '');
  harness.master.information = {
    ...harness.master.information,
    partitions: [
      {
        ...(await import('../src/testing.js')).aPartition({ partitionId: 'slappart0' }),
        requestedState: 'destroyed',
      },
    ],
  };
  expect(await harness.runInstance()).toMatchObject({ outcome: 'success', items: [{ action: 'tidy' }] });
  expect((await readdir(directory)).sort()).toEqual(['.slapos-resource', 'left-behind']);
  expect(harness.takeCalls()).toEqual(['fetchComputerInformation']);
  expect(harness.messages('warn')).toContain('The partition is free, but its folder is not empty');
});

describe('what an operator did wrong has one clear message', () => {
  beforeEach(() => {
    harness.ports = { ...harness.ports, supervisor: new MemorySupervisor() };
  });

  test.each<[string, (directory: string) => Promise<void>, string, RegExp]>([
    [
      'a mode that is not 0750',
      async (directory) => (await import('node:fs/promises')).chmod(directory, 0o755),
      'GRID_WRONG_PERMISSIONS',
      /actual permissions are: 0755, wanted are 0750/,
    ],
    [
      'a release that is not built',
      async () => {
        const { rm } = await import('node:fs/promises');
        await rm(softwareReleasePath(harness.node.softwareRoot, url), { recursive: true });
      },
      'GRID_SOFTWARE_NOT_INSTALLED',
      /is not present on this computer/,
    ],
    [
      'a release without a profile',
      async () => {
        const { rm } = await import('node:fs/promises');
        await rm(path.join(softwareReleasePath(harness.node.softwareRoot, url), 'instance.cfg'));
      },
      'GRID_PROFILE_MISSING',
      /no instance\.cfg/,
    ],
  ])('%s', async (_name, spoil, code, message) => {
    const directory = await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await spoil(directory);
    const result = await harness.runInstance();
    expect(result).toMatchObject({ outcome: 'failure', items: [{ outcome: 'failed', error: { code } }] });
    expect(result.items[0]?.error?.message).toMatch(message);
    const report = harness.master.calls.find(([method]) => method === 'reportPartitionError');
    expect(report?.[2]).toMatch(message);
    expect(await read(directory, '.slapgrid-slappart0-error.log')).toMatch(message);
  });

  test('a partition without a folder is told to the master, and is no failure of the pass', async () => {
    harness.request({ partitionId: 'slappart7', softwareReleaseUrl: url });
    expect(await harness.runInstance()).toMatchObject({ outcome: 'success', items: [{ outcome: 'missing' }] });
    expect(harness.master.calls.at(-1)?.slice(0, 2)).toEqual(['reportPartitionError', 'slappart7']);
  });

  test('an unknown name in --only-cp ends the pass before anything is done', async () => {
    await harness.node.addPartition('slappart0');
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await expect(harness.runInstance({ onlyPartitions: ['b', 'a'] })).rejects.toMatchObject({
      code: 'GRID_UNKNOWN_PARTITION',
      message: 'Unknown partitions: a, b',
    });
    expect(harness.takeCalls()).toEqual(['fetchComputerInformation']);
  });

  test.runIf(isRoot)('a folder that belongs to root', async () => {
    const directory = await deployed();
    await (await import('node:fs/promises')).chown(directory, 0, 0);
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    expect(await harness.runInstance()).toMatchObject({
      outcome: 'failure',
      items: [{ error: { code: 'GRID_REFUSED_OWNER' } }],
    });
  });
});

test('one that fails does not stop the others, and there is one update of the supervisor', async () => {
  await deployed();
  await harness.node.addPartition('slappart1');
  harness.request(
    { partitionId: 'slappart1', softwareReleaseUrl: 'https://example.org/never-built' },
    { partitionId: 'slappart0', softwareReleaseUrl: url },
  );
  let updates = 0;
  const { supervisor } = harness;
  harness.ports = {
    ...harness.ports,
    supervisor: new Proxy(supervisor, {
      get(target, name) {
        if (name === 'update') updates += 1;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    }),
  };
  const result = await harness.runInstance({ jobs: 2 });
  expect(result.items.map((item) => [item.partitionId, item.outcome])).toEqual([
    ['slappart1', 'failed'],
    ['slappart0', 'processed'],
  ]);
  expect(updates).toBe(1);
  expect(harness.messages('info').slice(-2)).toEqual([
    'Error while processing the following partitions:',
    expect.stringMatching(
      /^ {2}slappart1\[default\]: Software Release https:\/\/example\.org\/never-built is not present/,
    ) as string,
  ]);
});

test('an interruption is told of the partition under way, and of no other', async () => {
  await deployed();
  await harness.node.addPartition('slappart1');
  await harness.node.addPartition('slappart2');
  for (const partitionId of ['slappart0', 'slappart1', 'slappart2'])
    harness.request({ partitionId, softwareReleaseUrl: url });
  const interruption = new AbortController();
  const { builder } = harness.ports;
  harness.ports = {
    ...harness.ports,
    builder: {
      ...builder,
      async instantiate(): Promise<void> {
        interruption.abort(new Error('enough'));
        throw new Error('the build was ended');
      },
    },
  };
  await expect(harness.runInstance({ jobs: 1 }, interruption.signal)).rejects.toThrow('enough');
  const told = harness.master.calls.filter(([method]) => method === 'reportPartitionError');
  expect(told).toEqual([['reportPartitionError', 'slappart0', 'The pass was interrupted']]);
  expect(await readdir(path.join(harness.node.instanceRoot, 'slappart1'))).toEqual([]);
  const names = harness.events.flatMap((event) => (event.type === 'partition.started' ? event.partition : []));
  expect(names).toEqual(['slappart0']);
  expect(harness.events.filter(({ type }) => type === 'pass.finished')).toMatchObject([
    { outcome: 'failure', exitCode: 1, message: 'enough' },
  ]);
});

test('a child is begun when its parent has been deployed for the first time, however many go at once', async () => {
  await deployed();
  await harness.node.addPartition('slappart1');
  harness.request(
    { partitionId: 'slappart0', softwareReleaseUrl: url, instanceTitle: 'child', rootInstanceTitle: 'web' },
    { partitionId: 'slappart1', softwareReleaseUrl: url, instanceTitle: 'web', rootInstanceTitle: 'web' },
  );
  const result = await harness.runInstance({ jobs: 2 });
  expect(result.items.map(({ outcome }) => outcome)).toEqual(['processed', 'processed']);
  const work = harness.events.flatMap((event) => {
    if (event.type === 'partition.started') return [`${event.partition} started`];
    return event.type === 'partition.step' && event.step === 'build' ? [`${event.partition} build`] : [];
  });
  expect(work).toEqual(['slappart1 started', 'slappart1 build', 'slappart0 started', 'slappart0 build']);
});

describe('without the master', () => {
  const unreachable = async (): Promise<Error> => {
    const { SlapOSError } = await import('@slapos/host');
    return new SlapOSError('SLAP_CONNECTION_FAILED', 'connection refused', { retryable: true });
  };

  test('what was deployed runs on, and stopped ones stay stopped', async () => {
    await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await harness.runInstance();
    await harness.supervisor.stopGroup('slappart0');
    const error = await unreachable();
    harness.master.failOn('fetchComputerInformation', () => error);
    const result = await harness.runInstance();
    expect(result).toMatchObject({ outcome: 'offline', items: [], offlineError: { message: 'connection refused' } });
    expect((await harness.supervisor.processInfo('slappart0:hello-server-on-watch'))?.stateName).toBe('RUNNING');
  });

  test('promises are checked, and their failures are told once when the master is back', async () => {
    await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url, accessStatus: 'ok' });
    await harness.runInstance();
    const error = await unreachable();
    harness.master.failOn('fetchComputerInformation', () => error);
    harness.ports = {
      ...harness.ports,
      promises: { run: async () => ({ firstFailure: { name: 'late', message: 'too late' } }) },
    };
    expect(await harness.runInstance()).toMatchObject({ outcome: 'offline' });
    expect(await harness.runInstance()).toMatchObject({ outcome: 'offline' });
    harness.master.heal();
    harness.ports = { ...harness.ports, promises: { run: async () => ({}) } };
    harness.takeCalls();
    await harness.runInstance();
    await harness.runInstance();
    const text = "Promise 'late' failed with output: too late";
    expect(harness.master.calls.filter(([method]) => method === 'reportPartitionError')).toEqual([
      ['reportPartitionError', 'slappart0', text],
    ]);
  });

  test('a state that an old agent left is honoured once', async () => {
    const directory = await deployed();
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: url });
    await harness.runInstance();
    await writeFile(path.join(directory, '.requested_state'), 'stopped');
    const error = await unreachable();
    harness.master.failOn('fetchComputerInformation', () => error);
    expect(await harness.runInstance()).toMatchObject({ outcome: 'offline' });
    expect(await harness.supervisor.processInfo('slappart0:hello-server-on-watch')).toBeUndefined();
    expect(await readdir(directory)).not.toContain('.requested_state');
  });

  test('an error in the middle lets the other partitions finish', async () => {
    await deployed();
    await harness.node.addPartition('slappart1');
    harness.request(
      { partitionId: 'slappart0', softwareReleaseUrl: url },
      { partitionId: 'slappart1', softwareReleaseUrl: url },
    );
    const error = await unreachable();
    harness.master.failOn('reportPartitionStarted', (id) => (id === 'slappart0' ? error : undefined));
    const result = await harness.runInstance({ jobs: 1 });
    expect(result.outcome).toBe('offline');
    expect(result.items.map((item) => item.outcome)).toEqual(['failed', 'processed']);
  });
});
