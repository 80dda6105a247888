import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ManagedPartition } from '../src/index.js';
import { Machine } from './support/partition.js';

/** Nobody's, so that no process of the machine belongs to the partition. */
const NOBODY = { uid: 4_000_000, gid: 4_000_000 };

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
});
afterEach(() => machine[Symbol.asyncDispose]());

async function writeAll(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(machine.at(folder), { recursive: true });
  for (const [name, text] of Object.entries(texts)) await writeFile(machine.at(folder, name), text);
}

/** The files of version 2; what the kernel does with them is up to it. */
async function version2(controllers = 'cpuset cpu memory pids'): Promise<void> {
  await writeAll('cgroup', { 'cgroup.controllers': controllers, 'cgroup.subtree_control': 'cpuset' });
  await writeAll('cgroup/slapos', { 'cgroup.subtree_control': '' });
  await writeAll('cgroup/slapos/slappart0', {
    'cgroup.procs': '',
    'memory.max': 'max\n',
    'pids.max': 'max\n',
    'cpu.max': 'max 100000\n',
    'memory.events': 'low 0\noom 0\noom_kill 0\n',
    'pids.events': 'max 0\n',
  });
}

const group = (name: string): Promise<string> => readFile(machine.at('cgroup/slapos/slappart0', name), 'utf8');

async function loaded(options: Readonly<Record<string, string>> = {}): ReturnType<Machine['load']> {
  return machine.load(['cgroup'], {
    sections: new Map([['cgroup', { 'cgroup-root': machine.at('cgroup'), ...options }]]),
  });
}

const tenant = (parts: Partial<ManagedPartition> = {}): Promise<ManagedPartition> =>
  machine.partition('slappart0', { owner: NOBODY, ...parts });

describe('the limits of a partition', () => {
  test('are those of the configuration, and of the request up to the maximum', async () => {
    await version2();
    const managers = await loaded({ memory: '512M', 'memory-maximum': '1G', pids: '200', cpu: '2' });
    const partition = await tenant();
    await managers.run('instance', partition);
    expect([await group('memory.max'), await group('pids.max'), await group('cpu.max')]).toEqual([
      '536870912',
      '200',
      '200000 100000',
    ]);
    expect(await readFile(machine.at('cgroup/cgroup.subtree_control'), 'utf8')).toBe('+memory +pids +cpu');
    await managers.run('instance', { ...partition, parameters: { 'cgroup-memory': '4G', 'cgroup-cpu': 0.5 } });
    expect([await group('memory.max'), await group('cpu.max')]).toEqual(['1073741824', '50000 100000']);
    expect(machine.warnings()).toEqual(['A limit is asked for that is more than may be had']);
    // What is asked for no longer is given no longer.
    await managers.run('instance', partition);
    expect(await group('cpu.max')).toBe('200000 100000');
  });

  test('are none when nobody has said any, and are taken away again', async () => {
    await version2();
    const partition = await tenant();
    await (await loaded({ memory: '512M', pids: '10', cpu: '0.25' })).run('instance', partition);
    await (await loaded()).run('instance', partition);
    expect([await group('memory.max'), await group('pids.max'), await group('cpu.max')]).toEqual([
      'max',
      'max',
      'max 100000',
    ]);
  });

  test.each([
    ['cgroup-memory', 'lots'],
    ['cgroup-memory', '12'],
    ['cgroup-memory', ['512M']],
    ['cgroup-pids', '0'],
    ['cgroup-pids', '1.5'],
    ['cgroup-cpu', '-1'],
    ['cgroup-cpu', '1e9'],
  ])('are not what makes no sense: %s %j', async (name, value) => {
    await version2();
    const managers = await loaded({ memory: '512M', pids: '10', cpu: '1' });
    await managers.run('instance', await tenant({ parameters: { [name]: value } }));
    expect([await group('memory.max'), await group('pids.max'), await group('cpu.max')]).toEqual([
      '536870912',
      '10',
      '100000 100000',
    ]);
    expect(machine.warnings()).toHaveLength(1);
  });

  test.each([
    [{ memory: '12' }, '[manager:cgroup] memory: expected a size of 1M at least'],
    [{ cpu: 'all' }, '[manager:cgroup] cpu: expected a number of CPUs'],
    [{ 'pids-maximum': '-3' }, '[manager:cgroup] pids-maximum: expected a whole number of processes'],
    [{ 'parent-group': '../other' }, '[manager:cgroup] parent-group: expected a relative path'],
    [{ 'memory-kills': 'mail' }, '[manager:cgroup] memory-kills: expected log or fail'],
    [{ memry: '1G' }, '[manager:cgroup] memry: is not known'],
  ])('are checked when the configuration is read: %j', async (options, message) => {
    await expect(loaded(options as Record<string, string>)).rejects.toMatchObject({
      code: 'MANAGER_INVALID_OPTIONS',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('what the kernel counts', () => {
  test('is told once, to the log, to the instance, and if wished to the master', async () => {
    await version2();
    const partition = await tenant();
    const report = async (): Promise<unknown> =>
      JSON.parse(await readFile(machine.at('slappart0/.slapos-cgroup'), 'utf8'));
    const managers = await loaded({ memory: '512M', 'memory-kills': 'fail' });
    await managers.run('instance', partition);
    await managers.run('instanceTearDown', partition);
    const limits = { memory: 536_870_912, pids: null, cpu: null };
    expect(await report()).toEqual({ limits, memory_kills: 0, refused_forks: 0 });
    await writeAll('cgroup/slapos/slappart0', { 'memory.events': 'oom 9\noom_kill 2\n', 'pids.events': 'max 3\n' });
    await expect(managers.run('instanceTearDown', partition)).rejects.toThrow(
      '2 processes were killed for lack of memory; slappart0 may use 536870912 bytes',
    );
    expect(await report()).toEqual({ limits, memory_kills: 2, refused_forks: 3 });
    // Another command knows what was told already.
    await (await loaded({ memory: '512M', 'memory-kills': 'fail' })).run('instanceTearDown', partition);
    expect(machine.warnings()).toEqual([
      'Processes could not be started: there are too many',
      'Processes were killed for lack of memory',
    ]);
    // After a reboot the kernel counts from 0.
    await writeAll('cgroup/slapos/slappart0', { 'memory.events': 'oom_kill 1\n' });
    await expect(managers.run('instanceTearDown', partition)).rejects.toThrow('1 process was killed');
  });
});

describe('a machine that cannot', () => {
  test('is told of once, and goes on', async () => {
    const managers = await machine.load(['cgroup'], {
      sections: new Map([['cgroup', { 'cgroup-root': machine.at('nothing') }]]),
    });
    const partition = await tenant();
    for (const hook of ['instance', 'instanceTearDown', 'report'] as const) await managers.run(hook, partition);
    expect(machine.warnings()).toEqual([
      expect.stringMatching(/^Partitions have no control groups: there is neither /) as string,
    ]);
  });

  test('limits what it can', async () => {
    await version2('cpu pids');
    await (await loaded({ memory: '1G', pids: '7' })).run('instance', await tenant());
    expect([await group('memory.max'), await group('pids.max')]).toEqual(['max\n', '7']);
    expect(machine.warnings()).toEqual(['A limit has no effect on this machine: control groups do not have memory']);
  });

  test('says which limit the kernel did not take', async () => {
    await version2();
    await mkdir(machine.at('cgroup/slapos/slappart1'));
    const partition = await machine.partition('slappart1', { owner: NOBODY });
    await (await loaded({ pids: '7' })).run('instance', partition);
    expect(machine.warnings().every((text) => text === 'A limit of a control group cannot be set')).toBe(true);
    expect(machine.warnings()).toHaveLength(3);
  });

  test('leaves alone processes that are the node’s own', async () => {
    await version2();
    const owner = { uid: process.geteuid?.() ?? 0, gid: 0 };
    await (await loaded({ memory: '512M' })).run('instance', await tenant({ owner }));
    expect([await group('memory.max'), await group('cgroup.procs')]).toEqual(['max\n', '']);
    expect(machine.warnings()[0]).toContain('they belong to the user of the node itself');
  });
});

test('through a link in its place no report is written', async () => {
  await version2();
  const partition = await tenant();
  await writeFile(machine.at('secret'), 'untouched');
  await symlink(machine.at('secret'), machine.at('slappart0/.slapos-cgroup'));
  await (await loaded()).run('instanceTearDown', partition);
  expect(await readFile(machine.at('secret'), 'utf8')).toBe('untouched');
});
