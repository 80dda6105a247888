import { marshal, toPlain, unmarshal } from '@slapos/slap';
import { z } from 'zod';
import { FormatError } from '../errors.js';
import type {
  Computer,
  InterfaceAddress,
  Ipv6Range,
  MachineFacts,
  Partition,
  PartitionUser,
  TunnelDevice,
} from './computer.js';
import { bareTunnel } from './computer.js';
import { indentDocument } from './indent-document.js';
import type { JsonObject } from './python-json.js';

/** The partition as instances and the master read it: every key is there, also the empty ones (spec: format §7). */
export function partitionToWire(partition: Partition): JsonObject {
  return {
    address_list: partition.addresses.map(({ addr, netmask }) => ({ addr, netmask })),
    ...(partition.capabilities === undefined ? {} : { capability_list: [...partition.capabilities] }),
    external_storage_list: [...partition.externalStorage],
    // The reference writes an empty dictionary where there is no range.
    ipv6_range: partition.ipv6Range === undefined ? {} : rangeToWire(partition.ipv6Range),
    path: partition.path,
    reference: partition.partitionId,
    tap: tunnelToWire(partition.tap),
    tun: partition.tun === undefined ? null : tunnelToWire(partition.tun),
    user: {
      additional_group_list: [...partition.user.additionalGroups],
      name: partition.user.name,
      path: partition.user.path,
      shell: partition.user.shell,
    },
  };
}

function rangeToWire(range: Ipv6Range): JsonObject {
  return { addr: range.addr, netmask: range.netmask, network: range.network, prefixlen: range.prefixLength };
}

function tunnelToWire(tunnel: TunnelDevice): JsonObject {
  return {
    ipv4_addr: tunnel.ipv4Address,
    ipv4_gateway: tunnel.ipv4Gateway,
    ipv4_netmask: tunnel.ipv4Netmask,
    ipv4_network: tunnel.ipv4Network,
    ipv6_addr: tunnel.ipv6Address,
    ipv6_gateway: tunnel.ipv6Gateway,
    ipv6_netmask: tunnel.ipv6Netmask,
    ipv6_network: tunnel.ipv6Network,
    name: tunnel.name,
  };
}

/** The computer document as plain data, keys as on the wire (spec: format §7). */
export function computerToWire(computer: Computer, facts: MachineFacts): JsonObject {
  const network = computer.networkInterface;
  return {
    address: computer.address,
    instance_root: computer.instanceRoot,
    instance_storage_home: computer.instanceStorageHome,
    interface:
      network === null
        ? null
        : {
            ipv4_local_network: network.ipv4LocalNetwork,
            ipv6_interface: network.ipv6Interface,
            ipv6_prefixshift: network.ipv6PrefixShift,
            name: network.name,
          },
    ipv6_interface: computer.ipv6Interface,
    netmask: computer.netmask,
    os_type: `[${facts.osType.map((part) => JSON.stringify(part)).join(', ')}]`,
    partition_has_ipv6_range: computer.partitionHasIpv6Range,
    partition_list: computer.partitions.map(partitionToWire),
    public_ipv4_address: facts.publicIpv4Address,
    python_version: facts.runtimeVersion,
    reference: computer.computerId,
    slapos_version: facts.slaposVersion,
    software_root: computer.softwareRoot,
    software_user: computer.softwareUser,
    tap_gateway_interface: computer.tapGatewayInterface,
    tap_ipv6: computer.tapIpv6,
  };
}

/** The document as it is posted: one line (spec: format §8). */
export function renderWireDocument(wire: JsonObject): string {
  return marshal(wire);
}

/** The document as it is kept on disk: indented by two blanks, with a final newline (spec: format §7). */
export function renderStateDocument(wire: JsonObject): string {
  return indentDocument(marshal(wire));
}

const text = z.string();
const nullableText = z.string().nullish();
const addressSchema = z.object({ addr: text, netmask: text });
const tunnelSchema = z.object({
  name: text,
  ipv4_addr: text.optional(),
  ipv4_gateway: text.optional(),
  ipv4_netmask: text.optional(),
  ipv4_network: text.optional(),
  ipv6_addr: text.optional(),
  ipv6_gateway: text.optional(),
  ipv6_netmask: text.optional(),
  ipv6_network: text.optional(),
});
const rangeSchema = z.object({ addr: text, netmask: text, network: text, prefixlen: z.coerce.number().int() });
/** It names a folder below the instance root, and leads nowhere else. */
const PARTITION_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const partitionSchema = z.object({
  reference: text.regex(PARTITION_ID, { error: 'is no name of a partition' }),
  path: text,
  address_list: z.array(addressSchema),
  ipv6_range: z.union([rangeSchema, z.object({}).strict()]).nullish(),
  tap: tunnelSchema.nullish(),
  tun: tunnelSchema.nullish(),
  user: z.object({ name: text, additional_group_list: z.array(text).nullish() }).nullish(),
  capability_list: z.array(text).nullish(),
});
const stateSchema = z.object({
  address: nullableText,
  netmask: nullableText,
  software_user: nullableText,
  software_root: nullableText,
  instance_root: nullableText,
  partition_list: z.array(partitionSchema),
});

/** What a run keeps of the document that the last one left (spec: format §5). */
export interface KeptState {
  readonly address: string | null;
  readonly netmask: string | null;
  readonly softwareUser: string | undefined;
  readonly softwareRoot: string | undefined;
  readonly instanceRoot: string | undefined;
  readonly partitions: readonly Partition[];
}

/**
 * Reads a computer document, indented or not, written by this version or by the reference.
 * @param file its path, for the message
 * @throws FormatError `FORMAT_STATE` when it cannot be read or lacks what it must have
 */
export function readStateDocument(document: string, file: string): KeptState {
  let plain: unknown;
  try {
    plain = toPlain(unmarshal(document));
  } catch (cause) {
    throw new FormatError('FORMAT_STATE', `Cannot read the computer document ${file}: ${messageOf(cause)}`, {
      hint: stateHint(file),
      cause,
    });
  }
  const parsed = stateSchema.safeParse(plain);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      'FORMAT_STATE',
      `The computer document ${file} is not usable: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      {
        hint: stateHint(file),
      },
    );
  }
  const state = parsed.data;
  return {
    address: state.address ?? null,
    netmask: state.netmask ?? null,
    softwareUser: state.software_user ?? undefined,
    softwareRoot: state.software_root ?? undefined,
    instanceRoot: state.instance_root ?? undefined,
    partitions: state.partition_list.map(readPartition),
  };
}

function stateHint(file: string): string {
  return `Former versions of it are in ${file}.zip. Without the file the machine is formatted as a new one.`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function readPartition(partition: z.output<typeof partitionSchema>): Partition {
  const range = partition.ipv6_range;
  return {
    partitionId: partition.reference,
    path: partition.path,
    // The reference takes a partition without a user as root's.
    user: userAt(partition.user?.name ?? 'root', partition.path, partition.user?.additional_group_list ?? []),
    addresses: partition.address_list satisfies InterfaceAddress[],
    ipv6Range:
      range && 'addr' in range
        ? { addr: range.addr, netmask: range.netmask, network: range.network, prefixLength: range.prefixlen }
        : undefined,
    tap: partition.tap ? readTunnel(partition.tap) : bareTunnel(partition.reference),
    tun: partition.tun ? readTunnel(partition.tun) : undefined,
    externalStorage: [],
    capabilities: partition.capability_list ?? undefined,
  };
}

function readTunnel(tunnel: z.output<typeof tunnelSchema>): TunnelDevice {
  return {
    name: tunnel.name,
    ipv4Address: tunnel.ipv4_addr ?? '',
    ipv4Gateway: tunnel.ipv4_gateway ?? '',
    ipv4Netmask: tunnel.ipv4_netmask ?? '',
    ipv4Network: tunnel.ipv4_network ?? '',
    ipv6Address: tunnel.ipv6_addr ?? '',
    ipv6Gateway: tunnel.ipv6_gateway ?? '',
    ipv6Netmask: tunnel.ipv6_netmask ?? '',
    ipv6Network: tunnel.ipv6_network ?? '',
  };
}

/** The user `name` with its home in `home` and the shell that partitions have. */
export function userAt(name: string, home: string, additionalGroups: readonly string[]): PartitionUser {
  return { name, path: home, additionalGroups, shell: '/bin/sh' };
}
