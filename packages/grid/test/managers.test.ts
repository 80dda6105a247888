import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { type Manager, ManagerSet, loadManagers } from '@slapos/manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { softwareReleasePath } from '../src/index.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';

const RELEASE_URL = 'https://example.org/software.cfg';

let harness: Harness;
let supervisor: MemorySupervisor;
let calls: string[];
beforeEach(async () => {
  calls = [];
  harness = await Harness.create();
  supervisor = new MemorySupervisor();
  harness.ports = { ...harness.ports, supervisor };
  const release = softwareReleasePath(harness.node.softwareRoot, RELEASE_URL);
  await mkdir(path.join(release, 'bin'), { recursive: true });
  await writeFile(path.join(release, 'instance.cfg'), '[buildout]\nparts =\n');
  await writeFile(path.join(release, 'bin/buildout'), '#!/bin/sh\nexit 0\n');
  await chmod(path.join(release, 'bin/buildout'), 0o755);
});
afterEach(() => harness[Symbol.asyncDispose]());

/** A manager that writes down when it is called. */
function witness(name: string, failing: (call: string) => boolean = () => false): { name: string; manager: Manager } {
  const note = async (hook: string, subject: string): Promise<void> => {
    const call = `${name}.${hook} ${subject}`;
    calls.push(call);
    if (failing(call)) throw new Error(`${call} is out of luck`);
  };
  return {
    name,
    manager: {
      software: ({ softwareReleaseUrl }) => note('software', softwareReleaseUrl),
      softwareTearDown: ({ softwareReleaseUrl }) => note('softwareTearDown', softwareReleaseUrl),
      instance: ({ partitionId }) => note('instance', partitionId),
      instanceTearDown: ({ partitionId }) => note('instanceTearDown', partitionId),
      report: ({ partitionId }) => note('report', partitionId),
    },
  };
}

function use(...managers: { name: string; manager: Manager }[]): void {
  harness.ports = { ...harness.ports, managers: new ManagerSet(managers) };
}

async function addPartition(partitionId: string, requestedState = 'started'): Promise<string> {
  const directory = await harness.node.addPartition(partitionId);
  harness.request({ partitionId, softwareReleaseUrl: RELEASE_URL, requestedState, timestamp: '1' });
  return directory;
}

describe('managers of an instance pass', () => {
  test('are called in their order, before and after, also for what is up to date and what failed', async () => {
    use(witness('one'), witness('two'));
    await addPartition('slappart0');
    const expected = [
      'one.instance slappart0',
      'two.instance slappart0',
      'one.instanceTearDown slappart0',
      'two.instanceTearDown slappart0',
    ];
    expect((await harness.runInstance()).outcome).toBe('success');
    expect(calls.splice(0)).toEqual(expected);
    expect((await harness.runInstance()).items[0]?.outcome).toBe('unchanged');
    expect(calls.splice(0)).toEqual(expected);
    harness.request({
      partitionId: 'slappart0',
      softwareReleaseUrl: 'https://example.org/not-built.cfg',
      timestamp: '2',
    });
    expect((await harness.runInstance()).outcome).toBe('failure');
    expect(calls.splice(0)).toEqual(expected);
  });

  test('that fail make their partition fail, and no other', async () => {
    use(
      witness('one', (call) => call === 'one.instance slappart0'),
      witness('two'),
    );
    await addPartition('slappart0');
    await addPartition('slappart1');
    const result = await harness.runInstance({ jobs: 1 });
    expect(result.items.map(({ outcome }) => outcome)).toEqual(['failed', 'processed']);
    expect(calls).toEqual([
      'one.instance slappart0',
      'one.instance slappart1',
      'two.instance slappart1',
      'one.instanceTearDown slappart1',
      'two.instanceTearDown slappart1',
    ]);
    expect(harness.master.calls).toContainEqual([
      'reportPartitionError',
      'slappart0',
      expect.stringContaining('The manager one failed (instance)') as string,
    ]);
    expect(supervisor.calls).not.toContain('startGroup slappart0');
  });

  test('that fail at the end make their partition fail, too', async () => {
    use(witness('one', (call) => call.startsWith('one.instanceTearDown')));
    await addPartition('slappart0');
    expect((await harness.runInstance()).items[0]).toMatchObject({ outcome: 'failed' });
  });

  test('are not called for a free partition', async () => {
    use(witness('one'));
    await harness.node.addPartition('slappart0');
    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: '', requestedState: 'destroyed' });
    await harness.runInstance();
    expect(calls).toEqual([]);
  });

  test('run programs in groups of their own, which other groups leave alone', async () => {
    const stateDirectory = path.join(harness.node.instanceRoot, 'var/managers');
    await mkdir(path.dirname(stateDirectory), { recursive: true });
    const managers = await loadManagers(
      {
        names: ['portredir'],
        sections: new Map([['portredir', { socat: '/usr/bin/socat' }]]),
        packageDirectories: [],
        stateDirectory,
        powerUsers: [],
      },
      { host: harness.host, logger: harness.logger },
    );
    harness.ports = { ...harness.ports, managers };
    const directory = await addPartition('slappart0');
    await mkdir(path.join(directory, 'etc/service'), { recursive: true });
    await writeFile(path.join(directory, 'etc/service/web'), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(
      path.join(directory, '.slapos-port-redirect'),
      JSON.stringify([{ srcPort: 8080, destPort: 80, destAddress: '127.0.0.1' }]),
    );
    await harness.runInstance();
    const configuration = path.join(harness.node.instanceRoot, 'etc/supervisord.conf.d');
    const files = ['slappart0-socat.conf', 'slappart0.conf'];
    expect(await readdir(configuration)).toEqual(files);
    expect(await readFile(path.join(configuration, 'slappart0-socat.conf'), 'utf8')).toContain(
      'command=/usr/bin/socat TCP4-LISTEN:8080,fork TCP4:127.0.0.1:80',
    );
    expect(supervisor.calls).toContain('startProcess slappart0-socat:socat-tcp-8080');

    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: RELEASE_URL, timestamp: '2' });
    supervisor.calls.splice(0);
    await harness.runInstance();
    expect(await readdir(configuration)).toEqual(files);
    // One update for the pass: nothing of the manager has changed.
    expect(supervisor.calls.filter((call) => call === 'update')).toHaveLength(1);

    harness.request({ partitionId: 'slappart0', softwareReleaseUrl: RELEASE_URL, requestedState: 'destroyed' });
    await harness.runReport();
    expect(await readdir(configuration)).toEqual([]);
  });
});

test('managers of a software pass are called for each release, and what fails is that release', async () => {
  use(witness('one', (call) => call.startsWith('one.software ') && call.includes('broken')));
  harness.supply('hello-web', 'broken-build');
  const result = await harness.runSoftware();
  expect(result.items.map(({ outcome }) => outcome)).toEqual(['built', 'failed']);
  expect(calls).toEqual([
    `one.software ${harness.node.releaseUrl('hello-web')}`,
    `one.softwareTearDown ${harness.node.releaseUrl('hello-web')}`,
    `one.software ${harness.node.releaseUrl('broken-build')}`,
  ]);
});
