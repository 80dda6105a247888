import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type MachineDefinition, readMachineDefinition, renderMachineDefinition } from '@slapos/format';
import { writeFileAtomically, writeFileIfDifferent } from '@slapos/host';
import { quoteWord } from '@slapos/supervisor';
import { StandaloneError } from '../errors.js';
import type { StandaloneLayout } from './layout.js';
import type { FormatPartitions, ResolvedStandaloneOptions } from './options.js';
import { checkIpv4, partitionAddresses, urlOf } from './partition-addresses.js';
import { writeSystemSupervisor } from './system-supervisor.js';

const FOLDER_MODE = 0o755;
const PROGRAM_MODE = 0o755;
const CONFIGURATION_MODE = 0o644;
const FULL_IPV4_MASK = '255.255.255.255';
const FULL_IPV6_MASK = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
const BASE_NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/** How the machine is formatted; -1 partitions before the first time, so that `bin/slapos node format` fails then. */
export interface FormatState {
  readonly partitionAmount: number;
  readonly hasIpv6Ranges: boolean;
}

/** What the configuration says. */
export interface ConfigurationContent {
  readonly layout: StandaloneLayout;
  readonly options: ResolvedStandaloneOptions;
  readonly port: number;
  readonly format: FormatState;
}

/**
 * Writes `etc/slapos.cfg` and `bin/slapos`, so that the `slapos` command works on the node, and what a system supervisor needs
 * (spec: standalone §3).
 */
export async function writeConfiguration(content: ConfigurationContent): Promise<void> {
  const { layout, options } = content;
  for (const name of ['bin', 'etc'])
    await mkdir(path.join(layout.directory, name), { recursive: true, mode: FOLDER_MODE });
  await writeFileIfDifferent(layout.configuration, renderConfiguration(content), { mode: CONFIGURATION_MODE });
  const configuration = quoteWord(layout.configuration);
  const wrapper = [
    '#!/bin/sh',
    `SLAPOS_CONFIGURATION=${configuration}`,
    `SLAPOS_CLIENT_CONFIGURATION=${configuration}`,
    'export SLAPOS_CONFIGURATION SLAPOS_CLIENT_CONFIGURATION',
    `exec ${quoteWord(options.slaposProgram)} "$@"`,
    '',
  ];
  await writeFileIfDifferent(layout.slaposProgram, wrapper.join('\n'), { mode: PROGRAM_MODE });
  const { slaposProgram, instanceOnly } = options;
  await writeSystemSupervisor({ layout, slaposProgram, instanceOnly });
}

function renderConfiguration({ layout, options, port, format }: ConfigurationContent): string {
  const master = urlOf(options.listen.host, port);
  const lines = (values: readonly string[]) => values.map((value) => `\n  ${value}`).join('');
  const sections: [name: string, keys: [key: string, value: string | undefined][]][] = [
    [
      'slapos',
      [
        ['software_root', layout.softwareRoot],
        ['instance_root', layout.instanceRoot],
        ['shared_part_list', lines([...options.sharedParts, layout.sharedPartRoot])],
        ['master_url', `${master}/`],
        ['master_rest_url', `${master}/hateoas`],
        ['computer_id', options.computerId],
        ['root_check', 'False'],
        ['pidfile_software', layout.pidFile('software')],
        ['pidfile_instance', layout.pidFile('instance')],
        ['pidfile_report', layout.pidFile('report')],
        // Whoever runs the node runs its supervisor, too.
        ['forbid_supervisord_automatic_launch', 'true'],
        ['software_allow_local', 'true'],
        ['software_min_free_space', String(options.minimumFreeBytes)],
        ['instance_min_free_space', String(options.minimumFreeBytes)],
        ['supervisor', options.supervisor],
        ['buildout', options.buildoutProgram],
      ],
    ],
    [
      'slapformat',
      [
        ['input_definition_file', layout.definition],
        ['partition_amount', String(format.partitionAmount)],
        ['alter_user', 'false'],
        ['alter_network', 'false'],
        ['create_tap', 'false'],
        ['create_tun', 'false'],
        ['computer_xml', layout.computerXml],
        ['partition_has_ipv6_range', String(format.hasIpv6Ranges)],
      ],
    ],
    [
      'slapproxy',
      [
        ['host', options.listen.host],
        ['port', String(port)],
        ['database_uri', layout.database],
        ['local_software_release_root', options.localSoftwareReleaseRoot],
        ['public_directory_path', options.publicDirectory],
      ],
    ],
    ...options.forward.map((master): (typeof sections)[number] => [
      `multimaster/${master.masterUrl}`,
      [
        ['cert', master.certFile],
        ['key', master.keyFile],
        ['ca', master.caFile],
        ['computer', master.as?.computerId],
        ['partition', master.as?.partitionId],
        ['software_release_list', lines(master.softwareReleaseUrls)],
      ],
    ]),
  ];
  return sections
    .map(([name, keys]) =>
      [
        `[${name}]`,
        ...keys.flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`.trimEnd()])),
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** The port and the format that the folder was left with; of a folder that the Python program left, too. */
export async function readKeptState(
  layout: StandaloneLayout,
): Promise<{ port: number | undefined; format: FormatState }> {
  const text = await readFile(layout.configuration, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return '';
    throw error;
  });
  const value = (section: string, key: string): string | undefined => {
    const [, body = ''] = new RegExp(`^\\[${section}\\]\\n((?:(?!\\[).*\\n?)*)`, 'm').exec(text) ?? [];
    return new RegExp(`^${key} *= *(\\S+)`, 'm').exec(body)?.[1];
  };
  const port = Number(value('slapproxy', 'port'));
  const amount = Number(value('slapformat', 'partition_amount') ?? -1);
  return {
    port: Number.isInteger(port) && port > 0 ? port : undefined,
    format: {
      partitionAmount: Number.isInteger(amount) ? amount : -1,
      hasIpv6Ranges: /^true$/i.test(value('slapformat', 'partition_has_ipv6_range') ?? ''),
    },
  };
}

/**
 * The partitions as `slapos node format` knows them; all belong to one user (spec: standalone §3).
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS`
 */
export function defineMachine(wanted: FormatPartitions, userName: string): MachineDefinition {
  const { partitions, ipv6 = '::1', baseName = 'slappart' } = wanted;
  const ipv4 = checkIpv4(wanted.ipv4 ?? '127.0.0.1');
  if (!BASE_NAME.test(baseName) || !Number.isInteger(partitions) || partitions < 0) {
    throw new StandaloneError(
      'STANDALONE_INVALID_OPTIONS',
      `Cannot make ${String(partitions)} partitions named ${JSON.stringify(baseName)}`,
      { hint: 'Give a whole number, and a name of small letters, digits, - and _.' },
    );
  }
  const sections = new Map([
    [
      'computer',
      new Map([
        ['address', `${ipv4}/${FULL_IPV4_MASK}`],
        ['software_user', userName],
      ]),
    ],
  ]);
  for (let index = 0; index < partitions; index += 1) {
    const { ipv6: address, ipv6Range } = partitionAddresses(ipv6, index);
    sections.set(
      `partition_${index}`,
      new Map([
        ['address', `${ipv4}/${FULL_IPV4_MASK} ${address}/${FULL_IPV6_MASK}`],
        ...(ipv6Range === undefined ? [] : [['ipv6_range', ipv6Range] as const]),
        ['user', userName],
        ['network_interface', ''],
        ['pathname', `${baseName}${index}`],
      ]),
    );
  }
  return readMachineDefinition(sections, partitions);
}

/** Keeps the definition, for `bin/slapos node format`. */
export async function writeDefinition(layout: StandaloneLayout, definition: MachineDefinition): Promise<void> {
  await writeFileAtomically(layout.definition, renderMachineDefinition(definition), { mode: CONFIGURATION_MODE });
}
