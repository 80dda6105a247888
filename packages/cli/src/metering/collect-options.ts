import { type CollectOptions, collectOptionsFromSection, collectSectionSchema } from '@slapos/collect';
import { checkSection, mergeSections } from '../config/check-section.js';
import type { ConfigFile } from '../config/config-file.js';

/** Where the keys stand; `[collect]` knows best. */
const SECTIONS = ['collect', 'slapos', 'slapformat'];

/**
 * What is measured on this machine (spec: collect §1).
 * @throws CliError `CLI_CONFIGURATION`
 */
export function readCollectOptions(config: ConfigFile): CollectOptions {
  const merged = mergeSections(config, SECTIONS.toReversed());
  return collectOptionsFromSection(checkSection(collectSectionSchema, merged, config, SECTIONS));
}

/** Names of the example file that only this program understands, with what to write so that every version does (spec: config §3.8). */
const NAMES_FOR_ALL: Readonly<Record<string, string>> = {
  enable: 'report_disk_usage',
  time_cycle: 'disk_snapshot_time_cycle',
  pid_folder: 'disk_snapshot_process_pid_foder',
  use_quota: 'disk_snapshot_use_quota',
};

/** A sentence for each key of `[collect]` that other versions would not read. */
export function aliasesInUse(config: ConfigFile): string[] {
  return Object.entries(NAMES_FOR_ALL)
    .filter(([alias]) => config.value('collect', alias) !== undefined)
    .map(([alias, name]) => `${config.file}: [collect] ${alias}: older versions do not read it; write ${name}`);
}
