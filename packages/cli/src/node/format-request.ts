import {
  DEPRECATED_FORMAT_KEYS,
  type FormatOptions,
  type FormatSection,
  formatOptionsFromSection,
  formatSectionSchema,
  readMachineDefinition,
} from '@slapos/format';
import { pythonRepr } from '@slapos/slap';
import { checkSection, type MergedSection, mergeSections } from '../config/check-section.js';
import { type ConfigFile, loadRawSections } from '../config/config-file.js';
import { CliError } from '../errors.js';
import { isBoolean } from '../config/read-boolean.js';
import { checkFiles } from './mandatory.js';

const MANDATORY = ['computer_id', 'instance_root', 'master_url', 'software_root', 'computer_xml'];
/** True or false; a wrong word has the reference's sentence. */
const BOOLEANS = [
  'alter_network',
  'alter_user',
  'partition_has_ipv6_range',
  'create_tap',
  'create_tun',
  'tap_ipv6',
  'tun_ipv6',
];
const FILES = ['key_file', 'cert_file', 'master_ca_file'];
/** Where keys may stand; the first one wins. */
export const FORMAT_SECTIONS = ['slapos', 'slapformat'];

/** What `node format` is to do. */
export interface FormatRequest {
  readonly section: FormatSection;
  readonly options: FormatOptions;
}

/**
 * Reads what the configuration asks for.
 * @param keys values of the command line, by key
 * @throws CliError `CLI_CONFIGURATION`
 */
export async function readFormatRequest(
  config: ConfigFile,
  keys: Readonly<Record<string, string>>,
  extra: { readonly dryRun: boolean; readonly renumber: boolean },
): Promise<FormatRequest> {
  // A key of [slapos] wins over the same key of [slapformat] (spec: format §1).
  const merged = mergeSections(config, FORMAT_SECTIONS.toReversed(), keys);
  refuseDeprecated(merged);
  refuseNonBooleans(merged, config);
  const section = checkSection(formatSectionSchema, withMandatory(merged), config, FORMAT_SECTIONS);
  await checkFiles(merged, FILES);
  const definitionFile = section.input_definition_file;
  const definition =
    definitionFile === undefined
      ? undefined
      : readMachineDefinition(await loadRawSections(definitionFile), section.partition_amount);
  return { section, options: formatOptionsFromSection(section, { definition, ...extra }) };
}

/** An empty or absent mandatory key has the reference's sentence. */
function withMandatory(merged: MergedSection): MergedSection {
  const missing = MANDATORY.find((key) => !merged.values[key]);
  if (missing === undefined) return merged;
  throw new CliError('CLI_CONFIGURATION', `Parameter '${missing}' is not defined.`, { hint: 'For help use --help' });
}

function refuseNonBooleans({ values }: MergedSection, config: ConfigFile): void {
  for (const key of BOOLEANS) {
    const value = values[key];
    if (value === undefined || isBoolean(value)) continue;
    const place = config.locate(FORMAT_SECTIONS, key);
    const where = place === undefined ? '' : `${config.file}:${String(place.line)}: [${place.section}] ${key}. `;
    throw new CliError(
      'CLI_CONFIGURATION',
      `Option '${key}' needs to be "True" or "False", wrong value: ${pythonRepr(value)}`,
      { hint: `${where}For help use --help` },
    );
  }
}

function refuseDeprecated({ values }: MergedSection): void {
  const deprecated = DEPRECATED_FORMAT_KEYS.find((key) => values[key]);
  if (deprecated === undefined) return;
  throw new CliError(
    'CLI_CONFIGURATION',
    `Option '${deprecated}' is totally deprecated, please update your config file`,
    { hint: 'Remove it; the interface is named by interface_name.' },
  );
}
