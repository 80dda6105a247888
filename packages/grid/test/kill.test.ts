import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { createLinuxHost, isProcessAlive, silentLogger } from '@slapos/host';
import { createSupervisordAdapter, type Supervisor } from '@slapos/supervisor';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { aPartition } from '../src/testing.js';
import { softwareReleasePath } from '../src/index.js';
import { bundlePassProgram, type PassProgram } from './support/bundle.js';
import { isRoot, PARTITION_USERS, temporaryNode, type TemporaryNode } from './support/node.js';
import { spreadPoints, wasKilled } from './support/kill-points.js';
import type { RealPassOptions } from './support/pass-process.js';
import { snapshot } from './support/snapshot.js';

/** How many of the points at which a pass can be killed a run of the tests looks at; `SLAPOS_TORTURE=1`: all of them. */
const POINTS = process.env['SLAPOS_TORTURE'] === undefined ? 2 : Number.POSITIVE_INFINITY;

let program: PassProgram;
let node: TemporaryNode;
let supervisor: Supervisor;
beforeAll(async () => {
  program = await bundlePassProgram();
  node = await temporaryNode();
  supervisor = createSupervisordAdapter({
    instanceRoot: node.instanceRoot,
    commands: createLinuxHost().commands,
    logger: silentLogger,
  });
});
afterAll(async () => {
  await supervisor.shutdown();
  await node[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

function options(pass: RealPassOptions['pass'], killAt?: number): RealPassOptions {
  const url = node.releaseUrl('hello-web');
  return {
    pass,
    softwareRoot: node.softwareRoot,
    instanceRoot: node.instanceRoot,
    information: {
      computerId: 'COMP-0',
      softwareReleases: [{ url, computerId: 'COMP-0', requestedState: 'available' }],
      partitions: [aPartition({ partitionId: 'slappart0', softwareReleaseUrl: url, timestamp: '7' })],
    },
    ...(killAt === undefined ? {} : { killAt }),
  };
}

async function wipeSoftware(): Promise<void> {
  await rm(softwareReleasePath(node.softwareRoot, node.releaseUrl('hello-web')), { recursive: true, force: true });
}

async function wipePartition(): Promise<void> {
  await rm(node.partition('slappart0'), { recursive: true, force: true });
  await rm(path.join(node.instanceRoot, 'etc/supervisord.conf.d'), { recursive: true, force: true });
  await mkdir(path.join(node.instanceRoot, 'etc/supervisord.conf.d'), { recursive: true, mode: 0o700 });
  if (await supervisor.isRunning()) await supervisor.update();
  await node.addPartition('slappart0');
}

test('a software pass that is killed anywhere and run again ends like one that was not', {
  timeout: 600_000,
}, async () => {
  const folder = softwareReleasePath(node.softwareRoot, node.releaseUrl('hello-web'));
  // The first pass of a node makes the agent's own folders, too.
  await program.run(options('software'));
  await wipeSoftware();
  const undisturbed = await program.run(options('software'));
  expect(undisturbed?.outcome).toBe('success');
  const expected = await snapshot(folder);
  expect(undisturbed?.count).toBeGreaterThan(20);
  const points = spreadPoints(undisturbed?.count ?? 0, POINTS);
  for (const point of points) {
    await wipeSoftware();
    expect(wasKilled(await program.run(options('software', point)), point), `kill at ${String(point)}`).toBe(true);
    expect((await program.run(options('software')))?.outcome, `after a kill at ${String(point)}`).toBe('success');
    expect(await snapshot(folder), `after a kill at ${String(point)}`).toEqual(expected);
    expect((await stat(path.join(folder, '.completed'))).size).toBeGreaterThan(0);
  }
});

test('an instance pass that is killed anywhere and run again ends like one that was not', {
  timeout: 600_000,
}, async () => {
  await program.run(options('software'));
  await wipePartition();
  const folder = node.partition('slappart0');
  const groups = path.join(node.instanceRoot, 'etc/supervisord.conf.d');
  const undisturbed = await program.run(options('instance'));
  expect(undisturbed).toMatchObject({ outcome: 'success' });
  const expected = await snapshot(folder);
  const expectedGroups = await snapshot(groups);
  expect(undisturbed?.count).toBeGreaterThan(20);
  const points = spreadPoints(undisturbed?.count ?? 0, POINTS);
  for (const point of points) {
    await wipePartition();
    const where = `after a kill at ${String(point)}`;
    expect(wasKilled(await program.run(options('instance', point)), point), where).toBe(true);
    const second = await program.run(options('instance'));
    expect(second?.outcome, where).toBe('success');
    expect(await snapshot(folder), where).toEqual(expected);
    expect(await snapshot(groups), where).toEqual(expectedGroups);
    expect((await supervisor.processInfo('slappart0:hello-server-on-watch'))?.stateName, where).toBe('RUNNING');
  }
});

test.runIf(isRoot)('an ordinary user runs both passes, and nothing is left of root', { timeout: 120_000 }, async () => {
  const user = await createLinuxHost().users.byName(PARTITION_USERS[0]);
  if (user === undefined) throw new Error('the set-up of the tests makes this user');
  await using own = await temporaryNode(user);
  await own.addPartition('slappart0');
  const url = own.releaseUrl('hello-web');
  const common = {
    softwareRoot: own.softwareRoot,
    instanceRoot: own.instanceRoot,
    information: {
      computerId: 'COMP-0',
      softwareReleases: [{ url, computerId: 'COMP-0', requestedState: 'available' }],
      partitions: [aPartition({ partitionId: 'slappart0', softwareReleaseUrl: url, timestamp: '7' })],
    },
  };
  try {
    expect(await program.run({ ...common, pass: 'software' }, user)).toMatchObject({ outcome: 'success' });
    expect(await program.run({ ...common, pass: 'instance' }, user)).toMatchObject({ outcome: 'success' });
    expect((await stat(path.join(own.partition('slappart0'), '.timestamp'))).uid).toBe(user.uid);
    expect((await stat(path.join(own.instanceRoot, 'sv.sock'))).uid).toBe(user.uid);
  } finally {
    const pid = await readFile(path.join(own.instanceRoot, 'var/run/supervisord.pid'), 'utf8').catch(() => undefined);
    if (pid !== undefined) {
      process.kill(Number(pid), 'SIGTERM');
      // The user can only be removed when nothing runs as him any more.
      await vi.waitUntil(() => !isProcessAlive(Number(pid)), { timeout: 30_000 });
    }
  }
});
