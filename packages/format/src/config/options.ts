import path from 'node:path';
import { FormatError } from '../errors.js';
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
  /** The machine as a definition file gives it, instead of the kept document and the base names (spec: format §6.1). */
  readonly definition?: MachineDefinition | undefined;
  /** Write a definition file of the result here (spec: format §6.2). */
  readonly outputDefinitionFile?: string | undefined;
  /** Plan only: nothing is written and nothing is sent. */
  readonly dryRun: boolean;
}

/**
 * Turns the checked section into the options of a run.
 * @param definition what the file named by `input_definition_file` holds, already read
 * @throws FormatError `FORMAT_OPTIONS` when the users or the network are to be altered, which this version does not do
 */
export function formatOptionsFromSection(
  section: FormatSection,
  extra: { definition?: MachineDefinition | undefined; dryRun?: boolean | undefined } = {},
): FormatOptions {
  const altered = [section.alter_user && 'alter_user', section.alter_network && 'alter_network'].filter(Boolean);
  if (altered.length > 0) {
    throw new FormatError(
      'FORMAT_OPTIONS',
      `Cannot format with ${altered.join(' and ')} = True: this version leaves users and network as they are`,
      {
        hint: 'Create the users and addresses beforehand, describe them in a definition file (--input_definition_file), and pass --alter_user False --alter_network False.',
      },
    );
  }
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
    dryRun: extra.dryRun ?? false,
  };
}

function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(file);
}
