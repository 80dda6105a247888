import { isIP, isIPv4 } from 'node:net';
import type { InterfaceAddress, Ipv6Range } from '../computer/computer.js';
import { networkOf, netmaskOfPrefix } from '../computer/netmask.js';
import { FormatError } from '../errors.js';

/** One partition as a definition file names it. */
export interface PartitionDefinition {
  /** Name of the folder below the instance root; also the partition's reference. */
  readonly partitionId: string;
  readonly userName: string;
  /** Name of the tap interface; may be empty. */
  readonly networkInterface: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly ipv6Range?: Ipv6Range | undefined;
  readonly capabilities?: readonly string[] | undefined;
}

/** A machine as a definition file names it (spec: format §6.1). */
export interface MachineDefinition {
  readonly address?: InterfaceAddress | undefined;
  readonly softwareUser: string;
  readonly partitions: readonly PartitionDefinition[];
}

/** Sections and keys of a definition file, read without interpolation, keys in lower case. */
export type DefinitionSections = ReadonlyMap<string, ReadonlyMap<string, string>>;

const PARTITION_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/**
 * Reads the sections of a definition file: `[computer]` and exactly `[partition_0]` … `[partition_(amount - 1)]`; further ones are ignored.
 * @throws FormatError `FORMAT_DEFINITION` that names section and key
 */
export function readMachineDefinition(sections: DefinitionSections, partitionAmount: number): MachineDefinition {
  const computer = sections.get('computer') ?? new Map<string, string>();
  const address = computer.get('address');
  return {
    address: address ? readAddress(address, 'computer', 'address') : undefined,
    softwareUser: computer.get('software_user') ?? 'slapsoft',
    partitions: Array.from({ length: partitionAmount }, (_, index) => readPartition(sections, index)),
  };
}

function readPartition(sections: DefinitionSections, index: number): PartitionDefinition {
  const name = `partition_${index}`;
  const section = sections.get(name);
  if (section === undefined) {
    throw new FormatError('FORMAT_DEFINITION', `The definition file has no section [${name}]`, {
      hint: 'There must be one section for each of the partition_amount partitions, counted from 0.',
    });
  }
  const required = (key: string): string => {
    const value = section.get(key);
    if (value === undefined)
      throw new FormatError('FORMAT_DEFINITION', `[${name}] of the definition file has no ${key}`);
    return value;
  };
  const partitionId = required('pathname');
  if (!PARTITION_ID.test(partitionId)) {
    throw new FormatError(
      'FORMAT_DEFINITION',
      `[${name}] pathname of the definition file is ${JSON.stringify(partitionId)}: expected letters, digits, '_', '.', '-', at most 64`,
    );
  }
  const range = section.get('ipv6_range');
  const capabilities = section.get('capability_list');
  return {
    partitionId,
    userName: required('user'),
    networkInterface: required('network_interface'),
    addresses: words(required('address')).map((text) => readAddress(text, name, 'address')),
    ipv6Range: range ? readRange(range, name) : undefined,
    capabilities: capabilities === undefined ? undefined : lines(capabilities),
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function readAddress(text: string, section: string, key: string): InterfaceAddress {
  const [addr = '', netmask = '', ...rest] = text.split('/');
  if (rest.length > 0 || isIP(addr) === 0 || isIP(netmask) !== isIP(addr)) {
    throw new FormatError(
      'FORMAT_DEFINITION',
      `[${section}] ${key} of the definition file is ${JSON.stringify(text)}: expected ADDRESS/NETMASK, such as 127.0.0.1/255.255.255.255`,
    );
  }
  return { addr, netmask };
}

function readRange(text: string, section: string): Ipv6Range {
  const [addr = '', length = ''] = text.split('/');
  const prefixLength = Number(length);
  if (isIP(addr) !== 6 || !/^\d{1,3}$/.test(length) || prefixLength > 128) {
    throw new FormatError(
      'FORMAT_DEFINITION',
      `[${section}] ipv6_range of the definition file is ${JSON.stringify(text)}: expected NETWORK/LENGTH, such as 2001:db8:1:2:4005::/80`,
    );
  }
  return { addr, netmask: netmaskOfPrefix(prefixLength), network: networkOf(addr, prefixLength), prefixLength };
}

/** The definition file of a formatted machine (spec: format §6.2); what a partition does not have is left out. */
export function renderMachineDefinition(definition: MachineDefinition): string {
  const out: string[] = ['[computer]'];
  if (definition.address) out.push(`address = ${renderAddress(definition.address)}`);
  out.push(`software_user = ${definition.softwareUser}`, '');
  definition.partitions.forEach((partition, index) => {
    out.push(`[partition_${index}]`);
    out.push(`address = ${[...partition.addresses].sort(ipv4First).map(renderAddress).join(' ')}`.trimEnd());
    if (partition.ipv6Range) out.push(`ipv6_range = ${partition.ipv6Range.network}`);
    out.push(`user = ${partition.userName}`);
    out.push(`network_interface = ${partition.networkInterface}`.trimEnd());
    out.push(`pathname = ${partition.partitionId}`);
    if (partition.capabilities) out.push('capability_list =', ...partition.capabilities.map((name) => `  ${name}`));
    out.push('');
  });
  return out.join('\n');
}

function renderAddress(address: InterfaceAddress): string {
  return `${address.addr}/${address.netmask}`;
}

function ipv4First(one: InterfaceAddress, other: InterfaceAddress): number {
  return Number(!isIPv4(one.addr)) - Number(!isIPv4(other.addr));
}
