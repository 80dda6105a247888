import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ManagedPartition } from '../src/index.js';
import { Machine } from './support/partition.js';

const ROOT = '/sys/fs/cgroup';
const PARENT = `slapos-test-${String(process.pid)}`;
/** In version 1 below what this test may use itself; in version 2 only the root may have processes beside groups. */
const PARENT_GROUP = existsSync(`${ROOT}/cgroup.controllers`) ? PARENT : `self/${PARENT}`;
const OWNER = { uid: 3_900_000 + (process.pid % 90_000), gid: 65_534 };

let machine: Machine;
const children: ChildProcess[] = [];
beforeEach(async () => {
  machine = await Machine.create();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const group of groupsOf('slappart0')) rmdirSync(group);
  for (const folder of parents()) rmdirSync(folder);
  await machine[Symbol.asyncDispose]();
});

/** Where this test's groups are, in each hierarchy that has one. */
function parents(): string[] {
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
  const places = own.flatMap(([, names = '', group = '/']) =>
    (names === '' ? [''] : names.split(',')).flatMap((name) => [
      path.join(ROOT, name, group, PARENT),
      path.join(ROOT, name, PARENT),
    ]),
  );
  return [...new Set(places)].filter((folder) => existsSync(folder));
}

function groupsOf(partitionId: string): string[] {
  return parents()
    .map((folder) => path.join(folder, partitionId))
    .filter((folder) => existsSync(folder));
}

/** Runs a shell as the partition's user, which begins when it is told to. */
function service(script: string): ChildProcess {
  const child = spawn('/bin/sh', ['-c', `read begin; ${script}`], {
    ...OWNER,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function begin(child: ChildProcess): Promise<{ code: number | null; errors: string }> {
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin?.write('now\n');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, errors };
}

const load = (options: Readonly<Record<string, string>>): ReturnType<Machine['load']> =>
  machine.load(['cgroup'], { sections: new Map([['cgroup', { 'parent-group': PARENT_GROUP, ...options }]]) });

const tenant = (parts: Partial<ManagedPartition> = {}): Promise<ManagedPartition> =>
  machine.partition('slappart0', { owner: OWNER, ...parts });

describe('with the kernel’s own control groups', () => {
  test('what uses too much memory is killed, and that is told', async () => {
    const managers = await load({ memory: '24M', 'memory-kills': 'fail' });
    const partition = await tenant();
    const hungry = service('head -c 100000000 /dev/zero | tail -c 100000000 >/dev/null');
    await managers.run('instance', partition);
    for (const group of groupsOf('slappart0'))
      expect(readFileSync(path.join(group, 'cgroup.procs'), 'utf8')).toContain(`${String(hungry.pid)}\n`);
    expect((await begin(hungry)).code).toBe(137);
    await expect(managers.run('instanceTearDown', partition)).rejects.toThrow(/killed for lack of memory/);
    await managers.run('instanceTearDown', partition);
    expect(machine.warnings()).toEqual(['Processes were killed for lack of memory']);
  });

  test('no more processes are made than a request asked for', async () => {
    const managers = await load({ 'pids-maximum': '50' });
    const partition = await tenant({ parameters: { 'cgroup-pids': '1' } });
    const many = service('sleep 0');
    await managers.run('instance', partition);
    expect((await begin(many)).errors).toMatch(/fork/i);
    await managers.run('instanceTearDown', partition);
    expect(machine.warnings()).toEqual(['Processes could not be started: there are too many']);
  });

  test('a CPU is shared as the limit says, and the group goes with the instance', async () => {
    const managers = await load({ cpu: '0.5' });
    const partition = await tenant();
    const waiting = service('true');
    await managers.run('instance', partition);
    const quotas = groupsOf('slappart0')
      .flatMap((group) => readdirSync(group).map((name) => path.join(group, name)))
      .filter((file) => /cpu\.(max|cfs_quota_us)$/.test(file))
      .map((file) => readFileSync(file, 'utf8').trim());
    expect(quotas).toEqual([expect.stringMatching(/^50000( 100000)?$/)]);
    await managers.run('report', partition);
    expect(groupsOf('slappart0')).not.toEqual([]); // it still has a process
    await begin(waiting);
    await managers.run('report', partition);
    expect(groupsOf('slappart0')).toEqual([]);
  });
});
