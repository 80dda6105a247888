import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

import { createLinuxHost, silentLogger } from '@slapos/host';
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  createPromiseRunner,
  type GridPorts,
  type InstancePassResult,
  type ReportPassResult,
  runInstancePass,
  runReportPass,
  runSoftwarePass,
} from '../src/index.js';
import { aPartition, InMemoryMaster } from '../src/testing.js';
import { filesBuilder } from './support/lifecycle.js';
import { MemorySupervisor } from './support/memory-supervisor.js';
import { temporaryNode, type TemporaryNode } from './support/node.js';

/** Instance and report passes run beside each other on a node: each has a line of its own in the crontab. */
const URL = 'https://example.org/web/software.cfg';
const PARTITION = 'slappart0';

let node: TemporaryNode;
let wanted: InMemoryMaster;
beforeEach(async () => {
  node = await temporaryNode();
  await node.addPartition(PARTITION);
  wanted = masterWanting('started');
  expect((await runSoftwarePass(options(), ports())).outcome).toBe('success');
});
afterEach(() => node[Symbol.asyncDispose]());

function masterWanting(requestedState: 'started' | 'destroyed'): InMemoryMaster {
  return new InMemoryMaster({
    softwareReleases: [{ url: URL, computerId: 'COMP-0', requestedState: 'available' }],
    partitions: [
      aPartition({ partitionId: PARTITION, softwareReleaseUrl: URL, requestedState, timestamp: requestedState }),
    ],
  });
}

function options() {
  const { softwareRoot, instanceRoot } = node;
  return { computerId: 'COMP-0', masterUrl: 'none', softwareRoot, instanceRoot, minimumFreeBytes: 1n };
}

/** Each pass is a process of its own: locks are not shared. */
function ports(changed: Partial<GridPorts> = {}): GridPorts {
  const host = createLinuxHost();
  const builder = filesBuilder(host, silentLogger);
  const promises = createPromiseRunner({ host, master: wanted, logger: silentLogger });
  return {
    ...{ host, builder, promises, master: wanted, supervisor: new MemorySupervisor(), logger: silentLogger },
    ...changed,
  };
}

const remove = (): Promise<ReportPassResult> => {
  wanted = masterWanting('destroyed');
  return runReportPass(options(), ports());
};

const itemOf = ({ items }: InstancePassResult | ReportPassResult) => items[0];

async function expectNothingLeft(): Promise<void> {
  expect(await readdir(node.partition(PARTITION))).toEqual([]);
  expect(await readdir(path.join(node.instanceRoot, 'etc/supervisord.conf.d'))).toEqual([]);
}

test('an instance is not removed while it is deployed', async () => {
  const real = ports().builder;
  let removal: ReportPassResult | undefined;
  const builder = {
    ...real,
    instantiate: async (...args: Parameters<typeof real.instantiate>) => {
      removal = await remove();
      await real.instantiate(...args);
    },
  };
  const deployed = await runInstancePass(options(), ports({ builder }));
  expect(removal && itemOf(removal)).toMatchObject({ outcome: 'kept', reason: 'being-processed' });
  expect(removal?.outcome).toBe('success');
  expect(itemOf(deployed)).toMatchObject({ outcome: 'processed' });
  expect(itemOf(await remove())).toMatchObject({ outcome: 'destroyed' });
  await expectNothingLeft();
});

test('an instance that was removed after the master was asked is not deployed again', async () => {
  expect(itemOf(await runInstancePass(options(), ports()))).toMatchObject({ outcome: 'processed' });
  const master = masterWanting('started');
  const before = master.fetchComputerInformation.bind(master);
  master.fetchComputerInformation = async (...args) => {
    const word = await before(...args);
    expect(itemOf(await remove())).toMatchObject({ outcome: 'destroyed' });
    return word;
  };
  const late = await runInstancePass({ ...options(), force: true }, ports({ master }));
  expect(itemOf(late)).toMatchObject({ outcome: 'skipped' });
  expect(late.outcome).toBe('success');
  await expectNothingLeft();
});

test('the next instance there is deployed, and nobody is kept out any more', async () => {
  await runInstancePass(options(), ports());
  await remove();
  wanted = masterWanting('started');
  expect(itemOf(await runInstancePass(options(), ports()))).toMatchObject({ outcome: 'processed' });
  await expect(stat(path.join(node.instanceRoot, `var/lib/grid/${PARTITION}.pid`))).rejects.toThrow('ENOENT');
});
