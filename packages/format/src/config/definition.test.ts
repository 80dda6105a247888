import { describe, expect, it } from 'vitest';
import { readMachineDefinition, renderMachineDefinition } from './definition.js';

const PARTITION = { pathname: 'slappart0', user: 'me', network_interface: '', address: '127.0.0.1/255.255.255.255' };

function sections(content: Record<string, Record<string, string>>): Map<string, Map<string, string>> {
  return new Map(Object.entries(content).map(([name, keys]) => [name, new Map(Object.entries(keys))]));
}

describe('readMachineDefinition', () => {
  it('reads a machine', () => {
    const definition = readMachineDefinition(
      sections({
        computer: { address: '2001:db8:1:2::1/ffff:ffff:ffff:ffff::', software_user: 'mysoft' },
        partition_0: {
          address: '10.0.0.5/255.255.255.255 2001:db8:1:2::5/ffff:ffff:ffff:ffff::',
          ipv6_range: '2001:db8:1:2:4005::/80',
          user: 'myuser0',
          network_interface: 'mytap0',
          pathname: 'inpart0',
          capability_list: '\nport_8080\ngpu',
        },
        partition_1: { ...PARTITION, pathname: 'beyond the amount is not read' },
      }),
      1,
    );
    expect(definition).toEqual({
      address: { addr: '2001:db8:1:2::1', netmask: 'ffff:ffff:ffff:ffff::' },
      softwareUser: 'mysoft',
      partitions: [
        {
          partitionId: 'inpart0',
          userName: 'myuser0',
          networkInterface: 'mytap0',
          addresses: [
            { addr: '10.0.0.5', netmask: '255.255.255.255' },
            { addr: '2001:db8:1:2::5', netmask: 'ffff:ffff:ffff:ffff::' },
          ],
          ipv6Range: {
            addr: '2001:db8:1:2:4005::',
            netmask: 'ffff:ffff:ffff:ffff:ffff::',
            network: '2001:db8:1:2:4005::/80',
            prefixLength: 80,
          },
          capabilities: ['port_8080', 'gpu'],
        },
      ],
    });
  });

  it('takes slapsoft and no address when [computer] says nothing', () => {
    expect(readMachineDefinition(sections({ partition_0: PARTITION }), 1)).toMatchObject({
      address: undefined,
      softwareUser: 'slapsoft',
    });
  });

  it.each([
    ['no section', {}, /no section \[partition_0\]/],
    ['no user', { pathname: 'p', network_interface: '', address: '' }, /\[partition_0\] .* has no user/],
    ['a path for a name', { ...PARTITION, pathname: '../etc' }, /pathname .*"\.\.\/etc"/],
    ['an address with a length', { ...PARTITION, address: '10.0.0.1/32' }, /address .*"10\.0\.0\.1\/32"/],
    ['mixed families', { ...PARTITION, address: '10.0.0.1/ffff::' }, /expected ADDRESS\/NETMASK/],
    ['a range without length', { ...PARTITION, ipv6_range: '2001:db8::' }, /ipv6_range .*expected NETWORK\/LENGTH/],
  ])('refuses %s and says where', (_, partition, message) => {
    const given = Object.keys(partition).length === 0 ? {} : { partition_0: partition as Record<string, string> };
    expect(() => readMachineDefinition(sections(given), 1)).toThrow(message);
  });
});

describe('renderMachineDefinition', () => {
  it('writes IPv4 first, and leaves out what is not there', () => {
    expect(
      renderMachineDefinition({
        softwareUser: 'slapsoft',
        partitions: [
          {
            partitionId: 'p0',
            userName: 'u0',
            networkInterface: '',
            addresses: [
              { addr: '2001:db8::2', netmask: 'ffff::' },
              { addr: '10.0.0.1', netmask: '255.255.255.255' },
            ],
            capabilities: ['gpu'],
          },
        ],
      }),
    ).toBe(`[computer]
software_user = slapsoft

[partition_0]
address = 10.0.0.1/255.255.255.255 2001:db8::2/ffff::
user = u0
network_interface =
pathname = p0
capability_list =
  gpu
`);
  });
});
