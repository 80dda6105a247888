import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildFormatProgram, NetworkMachine } from './support/network-machine.js';

const LONG = 120_000;
let program: string;
beforeAll(async () => {
  program = await buildFormatProgram();
}, LONG);

/** What formatting could have changed; the kernel still deals with the addresses that links give themselves. */
function pictureOf(machine: NetworkMachine): string[] {
  const shown = [
    machine.ip('-brief', 'link'),
    machine.ip('-oneline', 'address'),
    machine.ip('-6', 'route', 'show', 'table', 'all'),
  ];
  return shown.flatMap((text) => text.split('\n').filter((line) => !/fe80::|ff00::/.test(line)));
}

describe('a machine with a network of its own', { timeout: LONG }, () => {
  it('gets users, taps, tuns, addresses and routes; then nothing is left to do', () => {
    using machine = new NetworkMachine(program);
    const first = machine.format();
    expect(first.message).toBeUndefined();
    expect(first.computer).toMatchObject({ address: '2001:db8:1:2::1', netmask: 'ffff:ffff:ffff:ffff::' });
    const { addresses } = first.computer.partitions[0] ?? { addresses: [] };
    expect(addresses[0]).toMatchObject({ netmask: '255.255.255.255' });
    expect(machine.addresses('br0').sort()).toEqual(
      [
        '2001:db8:1:2::1/64',
        ...first.computer.partitions.map((partition) => `${partition.addresses[0]?.addr ?? ''}/32`),
        '2001:db8:1:2::2/64',
        '2001:db8:1:2::3/64',
      ].sort(),
    );
    expect(machine.addresses('slaptap1')).toEqual(['2001:db8:1:2:8002:ffff:ffff:ffff/80']);
    expect(machine.addresses('slaptun1')).toEqual(['172.24.0.1/13', '2001:db8:1:2:c002::1/80']);
    const routes = machine.ip('-6', 'route', 'show', 'table', 'all');
    expect(routes).toMatch(/^2001:db8:1:2:8001::1 dev slaptap0 /m);
    expect(routes).toMatch(/^2001:db8:1:2:8001::\/80 via 2001:db8:1:2:8001::1 dev slaptap0 /m);
    expect(routes).toMatch(/^local 2001:db8:1:2:4002::\/80 dev lo /m);

    const entry = execFileSync('getent', ['passwd', `${machine.userBaseName}0`], { encoding: 'utf8' });
    const [, , uid, , , home, shell] = entry.trim().split(':');
    expect([home, shell]).toEqual([path.join(machine.root, 'srv/slappart0'), '/bin/sh']);
    const folder = statSync(path.join(machine.root, 'srv/slappart0'));
    expect([folder.mode & 0o7777, folder.uid]).toEqual([0o750, Number(uid)]);
    expect(execFileSync('id', ['-Gn', `${machine.userBaseName}1`], { encoding: 'utf8' })).toContain(
      machine.softwareUser,
    );
    expect(statSync(path.join(machine.root, 'opt')).uid).not.toBe(0);
    expect(readFileSync(path.join(machine.root, 'sent'), 'utf8')).toContain('2001:db8:1:2:4001::/80');

    // As the reference does, the first repeat puts the document into the archive.
    expect(machine.format().kinds).toEqual(['writeState', 'send']);
    expect(machine.format().kinds).toEqual(['send']);
  });

  it('comes back after a reboot with the same addresses, and grows', () => {
    using machine = new NetworkMachine(program);
    const before = machine.format();
    expect(before.message).toBeUndefined();
    for (const link of ['slaptap0', 'slaptap1']) machine.ip('tuntap', 'delete', 'dev', link, 'mode', 'tap');
    for (const link of ['slaptun0', 'slaptun1']) machine.ip('tuntap', 'delete', 'dev', link, 'mode', 'tun');
    for (const address of machine.addresses('br0')) {
      if (address !== '2001:db8:1:2::1/64') machine.ip('address', 'delete', address, 'dev', 'br0');
    }
    const after = machine.format();
    expect(after.message).toBeUndefined();
    expect(after.computer).toEqual(before.computer);
    const grown = machine.format({ partitionAmount: 3 });
    expect(grown.computer.partitions.slice(0, 2)).toEqual(before.computer.partitions);
    expect(grown.computer.partitions[2]?.tun?.ipv4Address).toBe('172.28.0.1');
    expect(machine.addresses('br0')).toContain('2001:db8:1:2::4/64');
    expect(machine.format({ partitionAmount: 1 })).toMatchObject({ code: 'FORMAT_SHRINK' });
  });

  it('takes up the addresses of the interface again when the document is lost', () => {
    using machine = new NetworkMachine(program);
    const before = machine.format({ createTun: false });
    rmSync(path.join(machine.root, 'slapos.xml'));
    const after = machine.format({ createTun: false });
    expect(after.message).toBeUndefined();
    const ipv6Of = ({ computer }: typeof before): unknown =>
      computer.partitions.map(({ addresses, ipv6Range, tap }) => [addresses[1], ipv6Range, tap]);
    expect(ipv6Of(after)).toEqual(ipv6Of(before));
  });

  it('gives taps addresses of the gateway’s network', () => {
    using machine = new NetworkMachine(program);
    const { computer, message } = machine.format({ tapGatewayInterface: 'gw0', tapIpv6: false, createTun: false });
    expect(message).toBeUndefined();
    expect(computer.partitions.map(({ tap }) => [tap.ipv4Address, tap.ipv4Gateway, tap.ipv4Network])).toEqual([
      ['10.8.0.2', '10.8.0.1', '10.8.0.0'],
      ['10.8.0.3', '10.8.0.1', '10.8.0.0'],
    ]);
    expect(machine.ip('route', 'show', '10.8.0.3')).toContain('dev slaptap1');
  });

  it('takes another address for one that another interface has', () => {
    using machine = new NetworkMachine(program);
    machine.format({ createTap: false, createTun: false });
    machine.ip('address', 'delete', '2001:db8:1:2::2/64', 'dev', 'br0');
    machine.ip('address', 'add', '2001:db8:1:2::2/128', 'dev', 'gw0', 'nodad');
    const { computer, warnings } = machine.format({ createTap: false, createTun: false });
    expect(computer.partitions[0]?.addresses[1]?.addr).toBe('2001:db8:1:2::4');
    expect(computer.partitions[1]?.addresses[1]?.addr).toBe('2001:db8:1:2::3');
    expect(warnings.join()).toContain('"holder":"gw0"');
  });

  it('takes another address for one that another machine answers for', () => {
    using machine = new NetworkMachine(program);
    using other = new NetworkMachine(program, '2001:db8:ffff::1/64');
    machine.ip('link', 'set', 'v1', 'netns', other.namespace, 'name', 'wire');
    other.ip('link', 'set', 'wire', 'up');
    other.ip('address', 'add', '2001:db8:1:2::2/64', 'dev', 'wire', 'nodad');
    const { computer, warnings, message } = machine.format({ createTap: false, createTun: false });
    expect(message).toBeUndefined();
    expect(computer.partitions.map(({ addresses }) => addresses[1]?.addr)).toEqual([
      '2001:db8:1:2::4',
      '2001:db8:1:2::3',
    ]);
    expect(warnings.join('\n')).toContain('Another machine has the address');
    expect(machine.addresses('br0')).not.toContain('2001:db8:1:2::2/64');
  });

  it('waits for the detection of duplicates that a run which was killed has begun', () => {
    using machine = new NetworkMachine(program);
    const options = { createTap: false, createTun: false, partitionAmount: 1 };
    machine.format(options);
    machine.ip('address', 'delete', '2001:db8:1:2::2/64', 'dev', 'br0');
    const slowly = 'echo 2 > /proc/sys/net/ipv6/conf/br0/dad_transmits';
    execFileSync('ip', ['netns', 'exec', machine.namespace, 'sh', '-c', slowly]);
    machine.ip('address', 'add', '2001:db8:1:2::2/64', 'dev', 'br0');
    expect(machine.ip('address', 'show', 'tentative')).toContain('2001:db8:1:2::2/64');
    expect(machine.format(options).message).toBeUndefined();
    expect(machine.ip('address', 'show', 'tentative')).not.toContain('2001:db8:1:2::2/64');
    expect(machine.addresses('br0')).toContain('2001:db8:1:2::2/64');
  });

  it('never gives a partition the address of the computer', () => {
    using machine = new NetworkMachine(program, '2001:db8:1:2::2/64');
    const { computer } = machine.format({ createTap: false, createTun: false });
    expect(computer.address).toBe('2001:db8:1:2::2');
    expect(computer.partitions.map(({ addresses }) => addresses[1]?.addr)).toEqual([
      '2001:db8:1:2::4',
      '2001:db8:1:2::3',
    ]);
  });

  it('keeps old prefixes with a warning, and renumbers when asked to', () => {
    using machine = new NetworkMachine(program);
    const before = machine.format({ createTun: false });
    machine.ip('address', 'add', '2001:db8:9::1/64', 'dev', 'br0', 'nodad');
    for (const address of ['2001:db8:1:2::1/64', '2001:db8:1:2::2/64', '2001:db8:1:2::3/64'])
      machine.ip('address', 'delete', address, 'dev', 'br0');
    const kept = machine.format({ createTun: false });
    expect(kept.computer.partitions).toEqual(before.computer.partitions);
    expect(kept.computer.address).toBe('2001:db8:9::1');
    expect(kept.warnings.join('\n')).toContain('--renumber');
    machine.ip('address', 'delete', '2001:db8:1:2::2/64', 'dev', 'br0');
    machine.ip('address', 'delete', '2001:db8:1:2::3/64', 'dev', 'br0');
    const renumbered = machine.format({ createTun: false, renumber: true });
    expect(renumbered.computer.partitions[1]?.addresses[1]?.addr).toBe('2001:db8:9::3');
    expect(renumbered.computer.partitions[1]?.ipv6Range?.network).toBe('2001:db8:9:0:4002::/80');
  });

  it.each([
    ['no such interface', { interfaceName: 'nothere' }, 'FORMAT_NO_INTERFACE', 'nothere'],
    ['no IPv6', { ipv6Interface: 'gw0' }, 'FORMAT_NO_IPV6', 'gw0'],
    ['an exhausted network', { ipv4LocalNetwork: '10.0.0.0/32' }, 'FORMAT_NETWORK_EXHAUSTED', '10.0.0.0/32'],
    ['no room for ranges', { ipv6PrefixShift: 64 }, 'FORMAT_NETWORK_EXHAUSTED', '2001:db8:1:2::/64'],
    ['somebody’s user', { softwareUser: 'root' }, 'FORMAT_USER', 'root'],
    ['the user of a daemon', { softwareUser: 'www-data' }, 'FORMAT_USER', '/var/www'],
  ])('refuses %s in one message, and changes nothing', (_, changes, code, named) => {
    using machine = new NetworkMachine(program);
    const before = pictureOf(machine);
    const refused = machine.format(changes);
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(named);
    expect(pictureOf(machine)).toEqual(before);
    expect(readdirSync(machine.root)).toEqual(['request.json']);
  });

  it('plans all of it in a dry run, and does nothing', () => {
    using machine = new NetworkMachine(program);
    const dry = machine.format({ dryRun: true });
    expect(dry.message).toBeUndefined();
    expect(machine.addresses('br0')).toEqual(['2001:db8:1:2::1/64']);
    expect(readdirSync(machine.root)).toEqual(['request.json']);
    const real = machine.format();
    expect(dry.kinds).toEqual(real.kinds);
  });
});
