import { parseHumanSize } from '@slapos/host';
import path from 'node:path';
import { z } from 'zod';

import { NETWORK_CACHE_PARAMETERS, type NetworkCacheParameters } from '../buildout/software-profile.js';
import type { PromiseRules } from '../promises/promise-runner.js';
import type { InstancePassOptions, SoftwarePassOptions } from './options.js';

const TRUE_WORDS = new Set(['true', 'yes', 'on', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'off', '0', '']);

const text = z.string().trim();
const required = text.min(1, 'must not be empty');
const absolutePath = required.transform((value) => path.resolve(value));

const boolean = text.transform((value, context) => {
  const word = value.toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  context.addIssue({ code: 'custom', message: `expected true or false, got ${JSON.stringify(value)}` });
  return z.NEVER;
});

const INTEGER = /^[+-]?\d{1,15}$/;
const integer = text.transform((value, context) => {
  if (INTEGER.test(value)) return Number(value);
  context.addIssue({ code: 'custom', message: `expected a whole number, got ${JSON.stringify(value)}` });
  return z.NEVER;
});
const positive = integer.refine((value) => value > 0, 'expected a number above 0');

const size = text.transform((value, context) => {
  try {
    return parseHumanSize(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'expected a size' });
    return z.NEVER;
  }
});

function list(separator: RegExp): z.ZodType<string[], string> {
  return z.string().transform((value) =>
    value
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
}
const lines = list(/\n/);
const commas = list(/,/);

/**
 * The keys that the passes read, as texts of slapos.cfg: `[slapos]` with `[networkcache]` laid over it, and over both what was given on
 * the command line under the same names, `-` as `_`. Unknown keys are left to whoever knows them. (spec: grid 2, config 3.1)
 */
export const gridSectionSchema = z.object({
  computer_id: required,
  master_url: required,
  software_root: absolutePath,
  instance_root: absolutePath,
  key_file: text.optional(),
  cert_file: text.optional(),
  certificate_repository_path: text.optional(),
  shared_part_list: lines.optional(),
  build_time_part_list: lines.optional(),
  buildout: text.optional(),
  buildout_debug: boolean.optional(),
  develop: boolean.optional(),
  force: boolean.optional(),
  force_stop: boolean.optional(),
  'only-sr': commas.optional(),
  only_sr: commas.optional(),
  'only-cp': commas.optional(),
  only_cp: commas.optional(),
  garbage_collect: boolean.optional(),
  maximum_periodicity: integer.optional(),
  promise_timeout: positive.optional(),
  promise_jobs: positive.optional(),
  promise_history: boolean.optional(),
  promise_failures_in_a_row: positive.optional(),
  promise_flapping_changes: positive.optional(),
  promise_flapping_runs: positive.optional(),
  partition_timeout: positive.optional(),
  'partition-timeout': positive.optional(),
  software_min_free_space: size.optional(),
  instance_min_free_space: size.optional(),
  software_allow_local: boolean.optional(),
  instance_storage_home: text.optional(),
  ipv4_global_network: text.optional(),
  forbid_supervisord_automatic_launch: boolean.optional(),
  jobs: positive.optional(),
  signature_private_key_file: text.optional(),
  'signature-certificate-list': z.string().optional(),
  'download-binary-cache-url': text.optional(),
  'download-binary-dir-url': text.optional(),
  'upload-binary-cache-url': text.optional(),
  'upload-binary-dir-url': text.optional(),
  'download-from-binary-cache-url-blacklist': lines.optional(),
  'binary-cache-url-blacklist': lines.optional(),
  'upload-to-binary-cache-url-blacklist': lines.optional(),
  'download-from-binary-cache-force-url-list': lines.optional(),
  ...(Object.fromEntries(NETWORK_CACHE_PARAMETERS.map((name) => [name, text.optional()])) as Record<
    (typeof NETWORK_CACHE_PARAMETERS)[number],
    z.ZodOptional<typeof text>
  >),
});

/** Section `[firewall]`, as texts of slapos.cfg. (spec: grid 10) */
export const firewallSectionSchema = z.object({
  firewall_cmd: text.optional(),
  reload_config_cmd: text.optional(),
  authorized_sources: z.string().optional(),
  firewall_executable: text.optional(),
  dbus_executable: text.optional(),
  log_file: text.optional(),
  dbus_log_file: text.optional(),
  /** Rules only: supervisord does not run the firewall. */
  testing: boolean.optional(),
  /** Ours: guard IPv6 addresses as well. */
  firewall_ipv6: boolean.optional(),
});

/** What `firewallSectionSchema` makes of the texts. */
export type FirewallSection = z.output<typeof firewallSectionSchema>;

function words(value: string | undefined): string[] | undefined {
  const found = (value ?? '').split(/\s+/).filter((word) => word !== '');
  return found.length === 0 ? undefined : found;
}

/** The options of both passes that `[firewall]` gives. */
export function firewallOptionsFromSection(
  section: FirewallSection,
): Pick<InstancePassOptions, 'firewall' | 'firewallPrograms'> {
  return {
    firewall: defined({
      command: words(section.firewall_cmd),
      reloadCommand: words(section.reload_config_cmd),
      authorizedSources: words(section.authorized_sources),
      includesIpv6: section.firewall_ipv6,
    }),
    firewallPrograms:
      section.testing === true
        ? {}
        : defined({
            executable: section.firewall_executable,
            logFile: section.log_file,
            dbusExecutable: section.dbus_executable,
            dbusLogFile: section.dbus_log_file,
          }),
  };
}

/** What `gridSectionSchema` makes of the texts. */
export type GridSection = z.output<typeof gridSectionSchema>;

type Defined<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Leaves out what is undefined or an empty text. */
function defined<Fields extends Record<string, unknown>>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  ) as Defined<Fields>;
}

/** The list, unless it is empty. */
function filled(items: readonly string[] | undefined): readonly string[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items;
}

function commonOptions(
  section: GridSection,
): Pick<SoftwarePassOptions, 'computerId' | 'masterUrl' | 'softwareRoot' | 'instanceRoot'> &
  Partial<SoftwarePassOptions> {
  return {
    computerId: section.computer_id,
    masterUrl: section.master_url,
    softwareRoot: section.software_root,
    instanceRoot: section.instance_root,
    ...defined({
      certificateRepositoryPath:
        section.certificate_repository_path === undefined || section.certificate_repository_path === ''
          ? undefined
          : path.resolve(section.certificate_repository_path),
      sharedPartList: section.shared_part_list,
      buildTimePartList: section.build_time_part_list,
      buildoutProgram: section.buildout,
      buildoutDebug: section.buildout_debug,
      jobs: section.jobs,
    }),
    // `--force` means develop. (spec: grid 2.2)
    force: section.develop === true || section.force === true,
  };
}

function networkCache(section: GridSection): NetworkCacheParameters {
  const values: Record<string, string> = {};
  for (const name of NETWORK_CACHE_PARAMETERS) {
    const value =
      section[name] ?? (name === 'signature-private-key-file' ? section.signature_private_key_file : undefined);
    if (value !== undefined && value !== '') values[name] = value;
  }
  return values;
}

/** The options of the software pass that a configuration gives. An option of the command line wins over a key of the file. */
export function softwareOptionsFromSection(section: GridSection): SoftwarePassOptions {
  return {
    ...commonOptions(section),
    networkCache: networkCache(section),
    ...defined({
      onlySoftwareReleases: section.only_sr ?? section['only-sr'],
      collectGarbage: section.garbage_collect,
      minimumFreeBytes: section.software_min_free_space,
      allowLocalSoftware: section.software_allow_local,
      // The second name is the old one, used when the first has nothing. (spec: grid 2.2)
      neverDownloadPrefixes:
        filled(section['download-from-binary-cache-url-blacklist']) ?? section['binary-cache-url-blacklist'],
      neverUploadPrefixes: section['upload-to-binary-cache-url-blacklist'],
      mustDownloadPrefixes: section['download-from-binary-cache-force-url-list'],
    }),
  };
}

const DEFAULT_FLAPPING_RUNS = 10;

function promiseRules(section: GridSection): PromiseRules | undefined {
  const rules = defined({
    jobs: section.promise_jobs,
    history: section.promise_history,
    failuresInARow: section.promise_failures_in_a_row,
    flapping:
      section.promise_flapping_changes === undefined
        ? undefined
        : {
            changes: section.promise_flapping_changes,
            runs: section.promise_flapping_runs ?? DEFAULT_FLAPPING_RUNS,
          },
  });
  return Object.keys(rules).length === 0 ? undefined : rules;
}

/** The options of the instance pass that a configuration gives. An option of the command line wins over a key of the file. */
export function instanceOptionsFromSection(section: GridSection): InstancePassOptions {
  return {
    ...commonOptions(section),
    ...defined({
      onlyPartitions: section.only_cp ?? section['only-cp'],
      forceStop: section.force_stop,
      maximumPeriodicitySeconds: section.maximum_periodicity,
      promiseTimeoutSeconds: section.promise_timeout,
      promiseRules: promiseRules(section),
      partitionTimeoutSeconds: section.partition_timeout ?? section['partition-timeout'],
      minimumFreeBytes: section.instance_min_free_space,
      instanceStorageHome:
        section.instance_storage_home === undefined || section.instance_storage_home === ''
          ? undefined
          : path.resolve(section.instance_storage_home),
      ipv4GlobalNetwork: section.ipv4_global_network,
      forbidSupervisordAutomaticLaunch: section.forbid_supervisord_automatic_launch,
    }),
  };
}
