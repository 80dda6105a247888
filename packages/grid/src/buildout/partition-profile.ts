import { checkLine, escapeReferences } from './values.js';

/** What the tail of a partition's profile tells the Software Release. */
export interface PartitionProfileOptions {
  readonly computerId: string;
  readonly partitionId: string;
  readonly masterUrl: string;
  readonly softwareReleaseUrl: string;
  /** Path in the certificate repository, or empty. */
  readonly keyFile: string;
  /** Path in the certificate repository, or empty. */
  readonly certificateFile: string;
  readonly sharedPartList: readonly string[];
  readonly buildTimePartList: readonly string[];
  readonly requestedState: string;
  readonly instanceStorageHome: string;
  readonly ipv4GlobalNetwork: string;
}

/** A value of one line, taken as data: a `${…}` in it must not read another option. */
function line(what: string, value: string): string {
  return escapeReferences(checkLine(what, value));
}

function list(what: string, items: readonly string[]): string {
  return items.length === 0 ? '  ' : items.map((item) => `  ${line(what, item)}`).join('\n');
}

/**
 * The tail that follows the release's own profile in a partition's `buildout.cfg`; names and order are part of the format.
 * (spec: grid 8.3)
 * @throws GridError `GRID_INVALID_VALUE` for a value with a control character.
 */
export function renderPartitionTail(options: PartitionProfileOptions): string {
  const connection: readonly (readonly [name: string, value: string])[] = [
    ['computer-id', options.computerId],
    ['partition-id', options.partitionId],
    ['server-url', options.masterUrl],
    ['software-release-url', options.softwareReleaseUrl],
    ['key-file', options.keyFile],
    ['cert-file', options.certificateFile],
  ];
  return [
    '[buildout]',
    'bin-directory = ${buildout:directory}/sbin',
    '',
    'offline = true',
    '',
    '[slap-connection]',
    ...connection.map(([name, value]) => `${name} = ${line(name, value)}`),
    'shared-part-list =',
    list('shared_part_list', options.sharedPartList),
    'build-time-part-list =',
    list('build_time_part_list', options.buildTimePartList),
    `requested-state = ${line('requested-state', options.requestedState)}`,
    '',
    '[slap_connection]',
    ...connection.map(([name, value]) => `${name.replaceAll('-', '_')} = ${line(name, value)}`),
    '',
    '[storage-configuration]',
    `storage-home = ${line('instance_storage_home', options.instanceStorageHome)}`,
    '',
    '[network-information]',
    `global-ipv4-network = ${line('ipv4_global_network', options.ipv4GlobalNetwork)}`,
    '',
  ].join('\n');
}

const SEPARATOR = '\n\n';

/** A partition's whole `buildout.cfg`: the bytes of the release's profile, two line ends, the tail. (spec: grid 8.3) */
export function renderPartitionProfile(profile: Uint8Array, options: PartitionProfileOptions): Buffer {
  return Buffer.concat([profile, Buffer.from(SEPARATOR + renderPartitionTail(options))]);
}
