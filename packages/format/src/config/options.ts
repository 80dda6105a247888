import path from 'node:path';
import { FormatError } from '../errors.js';
import { readIpv4Network } from '../network/ipv4-arithmetic.js';
import type { MachineDefinition } from './definition.js';
import type { FormatSection } from './section.js';

/** What one formatting run is asked to do. Paths are absolute. */
export interface FormatOptions {
  /** Reference of this machine at the master, such as `COMP-1234`. */
  readonly computerId: string;
  readonly instanceRoot: string;
  readonly softwareRoot: string;
  /** The computer document that is kept between runs (spec: format §7). */
  readonly computerXml: string;
  /** Also keep the document as JSON here. */
  readonly computerJson?: string | undefined;
  /** Folder for the partitions' certificates, made with mode 0700 when it is missing. */
  readonly certificateRepositoryPath?: string | undefined;
  readonly partitionAmount: number;
  readonly partitionBaseName?: string | undefined;
  readonly userBaseName?: string | undefined;
  readonly tapBaseName?: string | undefined;
  readonly softwareUser: string;
  readonly interfaceName?: string | undefined;
  readonly ipv6Interface?: string | undefined;
  readonly ipv4LocalNetwork?: string | undefined;
  readonly partitionHasIpv6Range: boolean;
  readonly ipv6PrefixShift: number;
  readonly tapIpv6: boolean;
  readonly tapGatewayInterface: string;
  readonly instanceStorageHome?: string | undefined;
  /** Make users and groups, and give folders to them. Default: they are taken as they are. */
  readonly alterUser?: boolean | undefined;
  /** Make interfaces, addresses and routes. Default: they are taken as they are. */
  readonly alterNetwork?: boolean | undefined;
  /** With `alterNetwork`: one tap for each partition. Default: none are made. */
  readonly createTap?: boolean | undefined;
  /** With `alterNetwork`: one tun for each partition. Default: only those of the computer document. */
  readonly createTun?: boolean | undefined;
  /** Give tuns an IPv6 range. */
  readonly tunIpv6?: boolean | undefined;
  /** Replace IPv6 addresses and ranges that no network of the interface contains any more. Default: keep them. */
  readonly renumber?: boolean | undefined;
  /** The machine as a definition file gives it, instead of the kept document and the base names (spec: format §6.1). */
  readonly definition?: MachineDefinition | undefined;
  /** Write a definition file of the result here (spec: format §6.2). */
  readonly outputDefinitionFile?: string | undefined;
  /** Plan only: nothing is written and nothing is sent. */
  readonly dryRun: boolean;
}

/**
 * Turns the checked section into the options of a run; the definition is what the file named by `input_definition_file` holds.
 * @throws FormatError `FORMAT_OPTIONS` that names the key
 */
export function formatOptionsFromSection(
  section: FormatSection,
  extra: {
    definition?: MachineDefinition | undefined;
    dryRun?: boolean | undefined;
    renumber?: boolean | undefined;
  } = {},
): FormatOptions {
  checkNetworkKeys(section);
  if (extra.definition === undefined) {
    const missing = (['partition_base_name', 'user_base_name', 'tap_base_name'] as const).filter(
      (key) => section[key] === undefined,
    );
    if (missing.length > 0) {
      throw new FormatError('FORMAT_OPTIONS', `Parameter '${missing[0]}' is not defined.`, {
        hint: `Set ${missing.join(', ')} in [slapformat], or describe the partitions in a definition file (input_definition_file).`,
      });
    }
  }
  return {
    computerId: section.computer_id,
    instanceRoot: path.resolve(section.instance_root),
    softwareRoot: path.resolve(section.software_root),
    computerXml: path.resolve(section.computer_xml),
    computerJson: absolute(section.computer_json),
    certificateRepositoryPath: absolute(section.certificate_repository_path),
    partitionAmount: section.partition_amount,
    partitionBaseName: section.partition_base_name,
    userBaseName: section.user_base_name,
    tapBaseName: section.tap_base_name,
    softwareUser: section.software_user,
    interfaceName: section.interface_name,
    ipv6Interface: section.ipv6_interface,
    ipv4LocalNetwork: section.ipv4_local_network,
    partitionHasIpv6Range: section.partition_has_ipv6_range,
    ipv6PrefixShift: section.ipv6_prefixshift,
    tapIpv6: section.tap_ipv6,
    tapGatewayInterface: section.tap_gateway_interface,
    instanceStorageHome: absolute(section.instance_storage_home),
    definition: extra.definition,
    outputDefinitionFile: absolute(section.output_definition_file),
    alterUser: section.alter_user,
    alterNetwork: section.alter_network,
    createTap: section.create_tap,
    createTun: section.create_tun,
    tunIpv6: section.tun_ipv6,
    renumber: extra.renumber,
    dryRun: extra.dryRun ?? false,
  };
}

/** An address, a range, a tap and a tun need a quarter each of what the shift leaves (spec: format §2.1). */
const QUARTERS = 4;

/** Of the kernel: IFNAMSIZ without the final zero. */
const LONGEST_LINK_NAME = 15;

function checkNetworkKeys(section: FormatSection): void {
  if (2 ** section.ipv6_prefixshift < QUARTERS * section.partition_amount) {
    throw new FormatError(
      'FORMAT_OPTIONS',
      `ipv6_prefixshift = ${section.ipv6_prefixshift} is too small for partition_amount = ${section.partition_amount}`,
      { hint: `2 to the power of ipv6_prefixshift must be at least ${QUARTERS} times partition_amount.` },
    );
  }
  if (!section.alter_network) return;
  const missing = (['interface_name', 'ipv4_local_network'] as const).find((key) => section[key] === undefined);
  if (missing !== undefined) {
    throw new FormatError('FORMAT_OPTIONS', `Parameter '${missing}' is not defined.`, {
      hint: 'It is needed to alter the network. Set it in [slapformat], or alter_network = False to leave the network as it is.',
    });
  }
  readIpv4Network(section.ipv4_local_network ?? '', '[slapformat] ipv4_local_network');
  const longest = `${section.tap_base_name ?? ''}${Math.max(0, section.partition_amount - 1)}`;
  if (longest.length > LONGEST_LINK_NAME) {
    throw new FormatError(
      'FORMAT_OPTIONS',
      `[slapformat] tap_base_name makes names such as ${longest}, and those of interfaces have ${LONGEST_LINK_NAME} characters at most`,
      { hint: 'Choose a shorter one, such as slaptap.' },
    );
  }
}

function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(file);
}
