import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { bareTunnel, type Computer } from '../src/computer/computer.js';
import { partitionToWire, userAt } from '../src/computer/document.js';
import { ipv6PrefixLength } from '../src/computer/netmask.js';
import { planNetwork } from '../src/index.js';

/** A first run of the reference: the addresses of the machine before it, and what it chose. */
interface RecordedRun {
  readonly before: { link: string; family: 4 | 6; address: string; prefixLength: number }[];
  readonly links: string[];
  readonly createTap: boolean;
  readonly createTun: boolean;
  readonly address: string;
  readonly tapGateway: string;
  readonly tapIpv6: boolean;
  readonly hasRange: boolean;
  readonly partitions: { reference: string; address_list: { addr: string; netmask: string }[] }[];
}

const FILE = path.join(import.meta.dirname, 'fixtures/recorded-runs.json');
const runs = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, RecordedRun>;

it.each(Object.entries(runs))('chooses what the reference chose: %s', (_, run) => {
  const computer: Computer = {
    computerId: 'COMP-1',
    address: null,
    netmask: null,
    instanceRoot: '/srv',
    softwareRoot: '/opt',
    softwareUser: 'slapsoft',
    instanceStorageHome: null,
    networkInterface: null,
    ipv6Interface: null,
    partitionHasIpv6Range: run.hasRange,
    tapGatewayInterface: run.tapGateway,
    tapIpv6: run.tapIpv6,
    partitions: run.partitions.map(({ reference, address_list: addresses }, index) => ({
      partitionId: reference,
      path: `/srv/${reference}`,
      user: userAt(`slapuser${index}`, `/srv/${reference}`, ['slapsoft']),
      // IPv4 addresses are chosen at random: the recorded ones are given.
      addresses: addresses.filter(({ addr }) => !addr.includes(':')),
      ipv6Range: undefined,
      tap: bareTunnel(`slaptap${index}`),
      tun: undefined,
      externalStorage: [],
    })),
  };
  const observed = {
    links: run.links.map((name) => ({
      name,
      isUp: true,
      kind: undefined,
      ownerUid: undefined,
      hardwareAddress: undefined,
    })),
    addresses: run.before.map((each) => ({ ...each, scope: 'global', isTentative: false, isDuplicate: false })),
    routes: [],
    mayBindNonlocal: true,
  };
  const options = {
    interfaceName: 'br0',
    ipv4LocalNetwork: '10.0.0.0/16',
    ipv6PrefixShift: 16,
    partitionHasIpv6Range: run.hasRange,
    createTap: run.createTap,
    tapIpv6: run.tapIpv6,
    tapGatewayInterface: run.tapGateway,
    createTun: run.createTun,
    tunIpv6: true,
  };
  const plan = planNetwork(observed, computer, options, { refused: new Set(), random: () => 0, warn: () => {} });
  expect(plan.computer.address).toBe(run.address);
  const withNumbers = (addresses: readonly { addr: string; netmask: string }[]): unknown =>
    addresses.map(({ addr, netmask }) => [addr, netmask.includes(':') ? ipv6PrefixLength(netmask) : netmask]);
  plan.computer.partitions.forEach((partition, index) => {
    const { address_list: recorded = [], ...rest } = run.partitions[index] ?? { reference: '' };
    // The reference spells some masks in other ways than itself does on the next run.
    expect(withNumbers(partition.addresses)).toEqual(withNumbers(recorded));
    expect(partitionToWire(partition)).toMatchObject(rest);
  });
});
