import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';

import { MemoryDisks, ManualClock } from '@slapos/host/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Machine } from './support/partition.js';

const isRoot = process.geteuid?.() === 0;

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
});
afterEach(() => machine[Symbol.asyncDispose]());

describe('prerm', () => {
  async function withScripts(): Promise<Awaited<ReturnType<Machine['partition']>>> {
    const partition = await machine.partition('slappart0', { requestedState: 'destroyed' });
    await mkdir(machine.at('slappart0/etc/prerm'), { recursive: true });
    for (const name of ['farewell', 'goodbye', 'bad name'])
      await writeFile(machine.at('slappart0/etc/prerm', name), '');
    return partition;
  }

  test('starts each script once, and says what is to be waited for', async () => {
    const partition = await withScripts();
    const managers = await machine.load(['prerm']);
    await managers.run('report', partition);
    await managers.run('report', partition);
    expect(machine.groups.get('slappart0-prerm')).toEqual([
      { id: 'farewell', command: machine.at('slappart0/etc/prerm/farewell') },
      { id: 'goodbye', command: machine.at('slappart0/etc/prerm/goodbye') },
    ]);
    expect(machine.started).toEqual(['slappart0-prerm:farewell', 'slappart0-prerm:goodbye']);
    expect(await readFile(machine.at('slappart0/.slapos-report-wait-service-list'), 'utf8')).toBe(
      'slappart0-prerm:farewell\nslappart0-prerm:goodbye\n',
    );
  });

  test('does not wait for ever', async () => {
    const clock = new ManualClock();
    machine.host = { ...machine.host, clock };
    const partition = await withScripts();
    const managers = await machine.load(['prerm'], { sections: new Map([['prerm', { 'maximum-hours': '2' }]]) });
    await managers.run('report', partition);
    clock.advance(2 * 3_600_000 + 1);
    await managers.run('report', partition);
    expect(await readFile(machine.at('slappart0/.slapos-report-wait-service-list'), 'utf8')).toBe('');
  });

  test('leaves an instance alone that is kept, and one without scripts', async () => {
    const managers = await machine.load(['prerm']);
    await managers.run('report', { ...(await withScripts()), mayBeRemoved: async () => false });
    await managers.run('report', await machine.partition('slappart1', { requestedState: 'destroyed' }));
    expect(machine.groups.size).toBe(0);
  });

  test('writes through no link', async () => {
    const partition = await withScripts();
    await writeFile(machine.at('secret'), 'untouched');
    await symlink(machine.at('secret'), machine.at('slappart0/.slapos-report-wait-service-list'));
    await (await machine.load(['prerm'])).run('report', partition);
    expect(await readFile(machine.at('secret'), 'utf8')).toBe('untouched');
  });
});

describe('portredir', () => {
  const request = (entries: unknown): Promise<void> =>
    writeFile(machine.at('slappart0/.slapos-port-redirect'), JSON.stringify(entries));
  const socat = { socat: '/usr/bin/socat' };

  test('redirects what is asked for and allowed', async () => {
    const partition = await machine.partition('slappart0');
    await request([
      { srcPort: 8080, destPort: '80' },
      { type: 'UDP', srcPort: '5353', srcAddress: '127.0.0.1', destPort: 53, destAddress: '10.0.0.2' },
      { srcPort: 443, destPort: 4443 },
      { srcPort: 22, destPort: 2222 },
      { srcPort: 0, destPort: 1 },
      { srcPort: 'x', destPort: 1 },
      { type: 'sctp', srcPort: 2000, destPort: 1 },
      { srcPort: 2001, destPort: 1, destAddress: 'example.org' },
      { srcPort: 2002, destPort: 1, srcAddress: '0.0.0.0,fork,exec' },
      'nonsense',
    ]);
    const managers = await machine.load(['portredir'], {
      sections: new Map([['portredir', { ...socat, 'allowed-privileged-ports': '443' }]]),
    });
    await managers.run('instanceTearDown', partition);
    expect(machine.groups.get('slappart0-socat')).toEqual([
      {
        id: 'socat-tcp-8080',
        command: ['/usr/bin/socat', 'TCP4-LISTEN:8080,fork', 'TCP6:[2001:db8::2]:80'],
        asRoot: false,
      },
      {
        id: 'socat-udp-5353',
        command: ['/usr/bin/socat', 'UDP4-LISTEN:5353,bind=127.0.0.1,fork', 'UDP4:10.0.0.2:53'],
        asRoot: false,
      },
      {
        id: 'socat-tcp-443',
        command: ['/usr/bin/socat', 'TCP4-LISTEN:443,fork', 'TCP6:[2001:db8::2]:4443'],
        asRoot: true,
      },
    ]);
    expect(machine.started).toHaveLength(3);
    expect(machine.warnings()).toHaveLength(7);
  });

  test('gives a port to one partition only, and again when that one lets go', async () => {
    const first = await machine.partition('slappart0');
    const second = await machine.partition('slappart1');
    const managers = await machine.load(['portredir'], { sections: new Map([['portredir', socat]]) });
    await request([{ srcPort: 8080, destPort: 80 }]);
    await writeFile(machine.at('slappart1/.slapos-port-redirect'), JSON.stringify([{ srcPort: 8080, destPort: 81 }]));
    await managers.run('instanceTearDown', first);
    await managers.run('instanceTearDown', second);
    expect([...machine.groups.keys()]).toEqual(['slappart0-socat']);
    expect(machine.warnings()).toEqual(['A port is not redirected: slappart0 has it']);
    await managers.run('report', { ...first, requestedState: 'destroyed' });
    await managers.run('instanceTearDown', second);
    expect([...machine.groups.keys()]).toEqual(['slappart1-socat']);
  });

  test('keeps what runs when the request cannot be read, and removes it when there is none', async () => {
    const partition = await machine.partition('slappart0');
    const managers = await machine.load(['portredir'], { sections: new Map([['portredir', socat]]) });
    await request([{ srcPort: 8080, destPort: 80 }]);
    await managers.run('instanceTearDown', partition);
    await writeFile(machine.at('slappart0/.slapos-port-redirect'), '{');
    await managers.run('instanceTearDown', partition);
    expect(machine.groups.size).toBe(1);
    await partition.folder.remove('.slapos-port-redirect');
    await managers.run('instanceTearDown', partition);
    expect(machine.groups.size).toBe(0);
  });
});

describe('whitelistfirewall', () => {
  /** A firewall-cmd that writes down what it is told; its chains and rules are lines of a file. */
  async function firewallCommand(): Promise<string> {
    const file = machine.at('firewall-cmd');
    await writeFile(
      file,
      `#!/bin/sh
echo "$*" >> ${machine.at('calls')}
touch ${machine.at('rules')}
[ "$1" = --reload ] && { [ ! -e ${machine.at('broken')} ]; exit; }
shift 2; verb=$1; shift
case $verb in
  --query-*) if grep -qxF -- "$*" ${machine.at('rules')}; then echo yes; else echo no; exit 1; fi;;
  --add-*) echo "$*" >> ${machine.at('rules')}; echo success;;
  --remove-rules) grep -vF -- "$* " ${machine.at('rules')} > ${machine.at('rules')}.new; mv ${machine.at('rules')}.new ${machine.at('rules')}; echo success;;
  --remove-*) grep -vxF -- "$*" ${machine.at('rules')} > ${machine.at('rules')}.new; mv ${machine.at('rules')}.new ${machine.at('rules')}; echo success;;
esac
`,
    );
    await chmod(file, 0o755);
    return file;
  }
  const calls = async (): Promise<string[]> => {
    const text = existsSync(machine.at('calls')) ? await readFile(machine.at('calls'), 'utf8') : '';
    await writeFile(machine.at('calls'), '');
    return text.split('\n').filter((line) => line !== '');
  };

  test('runs its commands in the fixed order, and only the question when nothing changed', async () => {
    const partition = await machine.partition('slappart0', { owner: { uid: 1042, gid: 1042 } });
    const managers = await machine.load(['whitelistfirewall'], { firewallCommand: [await firewallCommand()] });
    await writeFile(machine.at('slappart0/.slapos-whitelist-firewall'), '["10.1.2.3", "::1", 7, "10.1.2.4"]');
    await managers.run('instanceTearDown', partition);
    const direct = '--direct --permanent';
    const chain = 'ipv4 filter slappart0-whitelist';
    const jump = 'ipv4 filter OUTPUT 0 -m owner --uid-owner 1042 -j slappart0-whitelist';
    expect(await calls()).toEqual([
      `${direct} --query-chain ${chain}`,
      `${direct} --add-chain ${chain}`,
      `${direct} --remove-rules ${chain}`,
      `${direct} --add-rule ${chain} 0 -d 10.1.2.3 -j ACCEPT`,
      `${direct} --add-rule ${chain} 0 -d 10.1.2.4 -j ACCEPT`,
      `${direct} --add-rule ${chain} 0 -j REJECT`,
      `${direct} --query-rule ${jump}`,
      `${direct} --add-rule ${jump}`,
      '--reload',
    ]);
    await managers.run('instanceTearDown', partition);
    expect(await calls()).toEqual([`${direct} --query-chain ${chain}`]);

    await managers.run('report', partition);
    expect(await calls()).toEqual([
      `${direct} --query-chain ${chain}`,
      `${direct} --remove-rules ${chain}`,
      `${direct} --remove-chain ${chain}`,
      `${direct} --query-rule ${jump}`,
      `${direct} --remove-rule ${jump}`,
      '--reload',
    ]);
    expect(existsSync(machine.at('slappart0/.slapos-whitelist-firewall.md5sum'))).toBe(false);
  });

  test('tries again after a reload that failed', async () => {
    const partition = await machine.partition('slappart0');
    const managers = await machine.load(['whitelistfirewall'], { firewallCommand: [await firewallCommand()] });
    await writeFile(machine.at('slappart0/.slapos-whitelist-firewall'), '["10.1.2.3"]');
    await writeFile(machine.at('broken'), '');
    await expect(managers.run('instanceTearDown', partition)).rejects.toThrow('--reload ended with 1');
    execFileSync('rm', [machine.at('broken')]);
    await calls();
    await managers.run('instanceTearDown', partition);
    expect((await calls()).at(-1)).toBe('--reload');
    expect(await readFile(machine.at('slappart0/.slapos-whitelist-firewall.md5sum'), 'utf8')).toMatch(/^[0-9a-f]{32}$/);
  });

  test('does nothing without a firewall', async () => {
    const managers = await machine.load(['whitelistfirewall']);
    await managers.run('instanceTearDown', await machine.partition('slappart0'));
    await managers.run('report', await machine.partition('slappart0'));
    expect(machine.warnings()).toEqual(['There is no [firewall] section, so partitions connect wherever they like']);
  });
});

describe.runIf(isRoot)('devperm', () => {
  const UID = 65_534;

  /** Device nodes that no driver is behind: what matters is whose they are. */
  async function withDisks(): Promise<{ disk: (name: string) => string }> {
    const disk = (name: string): string => machine.at(name);
    const blockDevices = ['sda', 'sda1', 'sdb', 'sdc'].map((name, index) => {
      execFileSync('mknod', [disk(name), 'b', '7', String(200 + index)]);
      return {
        path: disk(name),
        type: name === 'sda1' ? 'part' : 'disk',
        sizeBytes: 1,
        device: `7:${String(200 + index)}`,
        parentPath: name === 'sda1' ? disk('sda') : undefined,
        mountPoints: name === 'sda1' ? ['/'] : [],
      };
    });
    machine.host = { ...machine.host, disks: new MemoryDisks({ blockDevices }) };
    return { disk };
  }

  test('gives what is allowed and in nobody’s use, and takes it back', async () => {
    const { disk } = await withDisks();
    const allowed = ['sda', 'sda1', 'sdb'].map(disk).join('\n');
    const managers = await machine.load(['devperm'], {
      sections: new Map([['devperm', { 'allowed-disk-for-vm': `\n${allowed}\n` }]]),
    });
    const partition = await machine.partition('slappart0', { owner: { uid: UID, gid: UID } });
    const other = await machine.partition('slappart1', { owner: { uid: UID - 1, gid: UID - 1 } });
    const request = machine.at('slappart0/.slapos-disk-permission');
    await symlink(disk('sdb'), machine.at('link'));
    await writeFile(
      request,
      JSON.stringify([
        { disk: machine.at('link') },
        { disk: disk('sda') },
        { disk: disk('sda1') },
        { disk: disk('sdc') },
        { disk: '/dev/null' },
        {},
      ]),
    );
    await writeFile(machine.at('slappart1/.slapos-disk-permission'), JSON.stringify([{ disk: disk('sdb') }]));
    await managers.run('instance', partition);
    await managers.run('instance', other);
    expect((await stat(disk('sdb'))).uid).toBe(UID);
    for (const name of ['sda', 'sda1', 'sdc']) expect((await stat(disk(name))).uid).toBe(0);
    expect(machine.warnings()).toContain('A disk is not given to the partition: slappart0 has it');

    await writeFile(request, '[]');
    await managers.run('instanceTearDown', partition);
    expect((await stat(disk('sdb'))).uid).toBe(0);
    await managers.run('instance', other);
    expect((await stat(disk('sdb'))).uid).toBe(UID - 1);
    await managers.run('report', other);
    expect((await stat(disk('sdb'))).uid).toBe(0);
  });

  test('gives nothing without a list of what may be given', async () => {
    const { disk } = await withDisks();
    const managers = await machine.load(['devperm']);
    const partition = await machine.partition('slappart0', { owner: { uid: UID, gid: UID } });
    await writeFile(machine.at('slappart0/.slapos-disk-permission'), JSON.stringify([{ disk: disk('sdb') }]));
    await managers.run('instance', partition);
    expect((await stat(disk('sdb'))).uid).toBe(0);
  });
});

describe('cpuset', () => {
  /** The files of a hierarchy of version 1; what the kernel does with them is up to it. */
  async function cgroups(): Promise<string> {
    const root = machine.at('cgroup');
    await mkdir(machine.at('cgroup/cpuset'), { recursive: true });
    await writeFile(machine.at('cgroup/cpuset/cpuset.cpus'), '0-2\n');
    await writeFile(machine.at('cgroup/cpuset/tasks'), '1\n2\n');
    for (const cpu of [0, 1, 2]) {
      await mkdir(machine.at(`cgroup/cpuset/cpu${String(cpu)}`));
      for (const file of ['tasks', 'cpuset.cpus', 'cpuset.cpu_exclusive', 'cpuset.mems'])
        await writeFile(machine.at(`cgroup/cpuset/cpu${String(cpu)}`, file), '');
    }
    return root;
  }

  test('gives a CPU to processes of a power user, in turn, and keeps the others waiting', async () => {
    const sections = new Map([['cpuset', { 'cgroup-root': await cgroups(), 'cpu-root': machine.at('none') }]]);
    const managers = await machine.load(['cpuset'], { sections, powerUsers: ['tenant'] });
    await managers.run('format', {
      computerId: 'COMP-1',
      instanceRoot: machine.directory,
      softwareRoot: machine.directory,
      partitions: [],
      logger: machine.logger,
    });
    expect(await readFile(machine.at('cgroup/cpuset/cpu2/cpuset.cpus'), 'utf8')).toBe('2');
    const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    const partition = await machine.partition('slappart0', { owner });
    const request = machine.at('slappart0/.slapos-cpu-exclusive');
    await writeFile(request, `${String(process.pid)}\n${String(process.ppid)}\n`);
    await managers.run('instance', partition);
    const placed = await Promise.all(
      [1, 2].map((cpu) => readFile(machine.at(`cgroup/cpuset/cpu${String(cpu)}/tasks`), 'utf8')),
    );
    expect(placed).toEqual([String(process.pid), String(process.ppid)]);
    expect(await readFile(request, 'utf8')).toBe('');
  });

  test('gives none to others, nor to processes of others, nor for what is no process', async () => {
    const sections = new Map([['cpuset', { 'cgroup-root': await cgroups(), 'cpu-root': machine.at('none') }]]);
    const partition = await machine.partition('slappart0', { owner: { uid: 4_000_000, gid: 4_000_000 } });
    const request = machine.at('slappart0/.slapos-cpu-exclusive');
    await writeFile(request, String(process.pid));
    await (await machine.load(['cpuset'], { sections })).run('instance', partition);
    expect(await readFile(request, 'utf8')).toBe(String(process.pid));
    const managers = await machine.load(['cpuset'], { sections, powerUsers: ['tenant'] });
    await managers.run('instance', partition);
    expect(await readFile(machine.at('cgroup/cpuset/cpu1/tasks'), 'utf8')).toBe('');
    await writeFile(request, 'all of them');
    await expect(managers.run('instance', partition)).rejects.toMatchObject({
      code: 'MANAGER_FAILED',
      message: expect.stringContaining('which is no process id') as string,
    });
  });

  test('says once that the machine cannot, and goes on', async () => {
    const managers = await machine.load(['cpuset'], {
      sections: new Map([['cpuset', { 'cgroup-root': machine.at('nothing') }]]),
      powerUsers: ['tenant'],
    });
    await writeFile(machine.at('pid'), '');
    const partition = await machine.partition('slappart0');
    await writeFile(machine.at('slappart0/.slapos-cpu-exclusive'), '1');
    await managers.run('instance', partition);
    await managers.run('instance', partition);
    expect(machine.warnings()).toHaveLength(1);
  });
});
