import { DEPRECATED_FORMAT_KEYS, formatSectionSchema } from '@slapos/format';
import { gridSectionSchema } from '@slapos/grid';
import { multimasterSectionSchema, slapproxySectionSchema } from '@slapos/proxy';
import { supervisorSectionSchema } from '@slapos/supervisor';

/** Keys of `[slapos]` and `[slapformat]` that no schema lists: read by single commands, or by the Python node only (spec: config §3.1). */
const OTHER_NODE_KEYS = [
  'collect_cache',
  'environment_pass',
  'master_insecure',
  'master_rest_url',
  'maximal_delay',
  'name',
  'now',
  'pidfile',
  'pidfile_instance',
  'pidfile_report',
  'pidfile_software',
  'power_user_list',
  'supervisord_configuration_path',
  'supervisord_socket',
  'use_unique_local_address_block',
  'watchdog_program',
];
const FIREWALL_KEYS = [
  'authorized_sources',
  'dbus_executable',
  'dbus_log_file',
  'firewall_cmd',
  'firewall_executable',
  'firewall_ipv6',
  'log_file',
  'reload_config_cmd',
  'testing',
];
const COLLECT_KEYS = [
  'disk_snapshot_process_pid_foder',
  'disk_snapshot_process_pid_folder',
  'disk_snapshot_time_cycle',
  'disk_snapshot_use_quota',
  'report_disk_usage',
];
const CONSOLE_KEYS = ['cert_file', 'key_file', 'master_rest_url', 'master_url'];

/** A key of the one may stand in the other (spec: config §2). */
const NODE_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(gridSectionSchema.shape),
  ...Object.keys(formatSectionSchema.shape),
  ...Object.keys(supervisorSectionSchema.shape),
  ...DEPRECATED_FORMAT_KEYS,
  ...OTHER_NODE_KEYS,
]);
const PROXY_KEYS = Object.keys(slapproxySectionSchema.out.shape);

const KEYS_OF_SECTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['slapos', NODE_KEYS],
  ['slapformat', NODE_KEYS],
  ['networkcache', new Set(Object.keys(gridSectionSchema.shape))],
  ['slapproxy', new Set([...PROXY_KEYS, ...PROXY_KEYS.map((key) => key.replaceAll('_', '-'))])],
  ['slapconsole', new Set(CONSOLE_KEYS)],
  ['firewall', new Set(FIREWALL_KEYS)],
  ['collect', new Set(COLLECT_KEYS)],
]);
const MULTIMASTER_KEYS: ReadonlySet<string> = new Set(Object.keys(multimasterSectionSchema.shape));

/** The keys that a section may have; `undefined` for sections that belong to somebody else. */
export function knownKeys(section: string): ReadonlySet<string> | undefined {
  return section.startsWith('multimaster/') ? MULTIMASTER_KEYS : KEYS_OF_SECTIONS.get(section);
}
