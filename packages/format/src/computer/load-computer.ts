import path from 'node:path';
import type { Logger } from '@slapos/host';
import type { MachineDefinition } from '../config/definition.js';
import type { FormatOptions } from '../config/options.js';
import { FormatError } from '../errors.js';
import type { Computer, Partition } from './computer.js';
import { bareTunnel } from './computer.js';
import type { KeptState } from './document.js';
import { userAt } from './document.js';

/**
 * The machine that the run works towards: what the definition file says, else what the last run kept plus new partitions (spec: format §5, §6.1).
 * Pure but for the warnings.
 * @param kept what the computer document holds; `undefined` when there is none
 * @throws FormatError `FORMAT_SHRINK` when fewer partitions are asked than there are
 */
export function wantedComputer(options: FormatOptions, kept: KeptState | undefined, logger: Logger): Computer {
  return options.definition ? definedComputer(options, options.definition) : grownComputer(options, kept, logger);
}

function definedComputer(options: FormatOptions, definition: MachineDefinition): Computer {
  return {
    ...common(options),
    address: definition.address?.addr ?? null,
    netmask: definition.address?.netmask ?? null,
    instanceRoot: options.instanceRoot,
    softwareRoot: options.softwareRoot,
    softwareUser: definition.softwareUser,
    networkInterface: options.alterNetwork === true ? networkInterface(options) : null,
    partitions: definition.partitions.map((partition) => {
      const folder = path.join(options.instanceRoot, partition.partitionId);
      return {
        partitionId: partition.partitionId,
        path: folder,
        user: userAt(partition.userName, folder, [definition.softwareUser]),
        addresses: partition.addresses,
        ipv6Range: partition.ipv6Range,
        tap: bareTunnel(partition.networkInterface),
        tun: undefined,
        externalStorage: [],
        capabilities: partition.capabilities,
      };
    }),
  };
}

function grownComputer(options: FormatOptions, kept: KeptState | undefined, logger: Logger): Computer {
  const existing = kept?.partitions ?? [];
  if (options.partitionAmount < existing.length) {
    throw new FormatError(
      'FORMAT_SHRINK',
      `Requested amount of computer partitions (${options.partitionAmount}) is lower than already configured (${existing.length}), cannot continue`,
      { hint: `Set partition_amount to ${existing.length} or more: partitions are never taken away.` },
    );
  }
  if (kept === undefined)
    logger.warn('There is no computer document yet: every partition is new', { file: options.computerXml });
  // The kept value wins: moving the folders of partitions that may be busy is not formatting's business.
  const instanceRoot = keptOr(kept?.instanceRoot, options.instanceRoot, 'instance_root', logger);
  const softwareRoot = keptOr(kept?.softwareRoot, options.softwareRoot, 'software_root', logger);
  const softwareUser = keptOr(kept?.softwareUser, options.softwareUser, 'software_user', logger);
  const partitions = Array.from({ length: options.partitionAmount }, (_, index) => {
    const partition = existing[index];
    if (partition === undefined) return newPartition(options, instanceRoot, softwareUser, index);
    const folder = path.join(instanceRoot, partition.partitionId);
    return { ...partition, path: folder, user: userAt(partition.user.name, folder, [softwareUser]) };
  });
  return {
    ...common(options),
    address: kept?.address ?? null,
    netmask: kept?.netmask ?? null,
    instanceRoot,
    softwareRoot,
    softwareUser,
    networkInterface: networkInterface(options),
    partitions,
  };
}

function networkInterface(options: FormatOptions): Computer['networkInterface'] {
  if (options.interfaceName === undefined) return null;
  return {
    name: options.interfaceName,
    ipv4LocalNetwork: options.ipv4LocalNetwork ?? '',
    ipv6Interface: options.ipv6Interface ?? options.interfaceName,
    ipv6PrefixShift: options.ipv6PrefixShift,
  };
}

function keptOr(kept: string | undefined, configured: string, key: string, logger: Logger): string {
  if (kept === undefined || kept === configured) return configured;
  logger.warn(`${key} differs from the computer document, whose value is kept`, { configured, kept });
  return kept;
}

function newPartition(options: FormatOptions, instanceRoot: string, softwareUser: string, index: number): Partition {
  const partitionId = `${options.partitionBaseName ?? ''}${index}`;
  const folder = path.join(instanceRoot, partitionId);
  return {
    partitionId,
    path: folder,
    user: userAt(`${options.userBaseName ?? ''}${index}`, folder, [softwareUser]),
    addresses: [],
    ipv6Range: undefined,
    tap: bareTunnel(`${options.tapBaseName ?? ''}${index}`),
    tun: undefined,
    externalStorage: [],
  };
}

function common(
  options: FormatOptions,
): Pick<
  Computer,
  'computerId' | 'instanceStorageHome' | 'ipv6Interface' | 'partitionHasIpv6Range' | 'tapGatewayInterface' | 'tapIpv6'
> {
  return {
    computerId: options.computerId,
    instanceStorageHome: options.instanceStorageHome ?? null,
    ipv6Interface: options.ipv6Interface ?? null,
    partitionHasIpv6Range: options.partitionHasIpv6Range,
    tapGatewayInterface: options.tapGatewayInterface,
    tapIpv6: options.tapIpv6,
  };
}
