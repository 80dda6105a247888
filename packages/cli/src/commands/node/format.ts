import { randomInt } from 'node:crypto';
import { Flags } from '@oclif/core';
import {
  DEPRECATED_FORMAT_KEYS,
  formatComputer,
  type FormatOptions,
  type FormatSection,
  formatOptionsFromSection,
  formatSectionSchema,
  readMachineDefinition,
} from '@slapos/format';
import { createLinuxHost } from '@slapos/host';
import { SlapClient } from '@slapos/slap';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { checkSection, type MergedSection, mergeSections } from '../../config/check-section.js';
import { type ConfigFile, loadRawSections } from '../../config/config-file.js';
import { CliError } from '../../errors.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { checkPrograms } from '../../node/format-programs.js';
import { loadNodeManagers } from '../../node/node-managers.js';
import { flagsAsKeys } from '../../node/pass-flags.js';
import { findPublicIpv4Address } from '../../node/public-address.js';
import { renderFormatAction } from '../../node/render-format-action.js';

const LONGEST_DELAY_SECONDS = 3600;
const MILLISECONDS = 1000;
const MANDATORY = ['computer_id', 'instance_root', 'master_url', 'software_root', 'computer_xml'];
const SECTIONS = ['slapos', 'slapformat'];
const trueOrFalse = { options: ['True', 'False'] as const, helpValue: 'True|False' };

/** `slapos node format` (spec: cli §3.6, format §1). */
export default class NodeFormat extends SlaposCommand {
  static override summary = 'create users, partitions and network configuration';
  static override description =
    'Makes the machine ready: users, network, folders and resources of the partitions; then tells the master what there is. Exit code 2: formatted, but the master could not be told.';
  static override flags = {
    cfg: configFlag,
    'computer-xml': Flags.string({
      char: 'x',
      description: 'document of this computer, kept between runs',
      helpValue: 'FILE',
    }),
    'computer-json': Flags.string({ description: 'also keep the document as JSON', helpValue: 'FILE' }),
    'input-definition-file': Flags.string({
      char: 'i',
      description: 'take the partitions from this definition file',
      helpValue: 'FILE',
    }),
    'output-definition-file': Flags.string({
      char: 'o',
      description: 'write a definition file of the result',
      helpValue: 'FILE',
    }),
    'alter-user': Flags.option({ description: 'whether users may be touched (True)', ...trueOrFalse })(),
    'alter-network': Flags.option({ description: 'whether the network may be touched (True)', ...trueOrFalse })(),
    now: Flags.boolean({ description: 'start at once, not after a random time of up to an hour' }),
    renumber: Flags.boolean({
      description: 'replace IPv6 addresses and ranges that no network of the interface contains any more',
    }),
    'dry-run': Flags.boolean({ char: 'n', description: 'say what would be done, and do nothing' }),
    console: Flags.string({ char: 'c', description: 'obsolete, ignored', hidden: true }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeFormat);
    const config = await this.loadConfig('node', flags.cfg);
    // A key of [slapos] wins over the same key of [slapformat] (spec: format §1).
    const { now, renumber, console: _obsolete, ...keys } = flags;
    const merged = mergeSections(config, ['slapformat', 'slapos'], flagsAsKeys(keys));
    checkRoot(config, SECTIONS);
    refuseDeprecated(merged);
    const section = checkSection(formatSectionSchema, withMandatory(merged), config, SECTIONS);
    if (section.log_file !== undefined) this.logger.openFile(section.log_file);
    const options = await readOptions(section, { dryRun: flags['dry-run'], renumber });
    if (!options.dryRun) await checkPrograms(section);
    if (!now && !flags['dry-run']) await this.#delay();
    return this.#format(section, options, config);
  }

  async #delay(): Promise<void> {
    const seconds = randomInt(LONGEST_DELAY_SECONDS + 1);
    this.logger.info(`Sleeping for ${seconds} seconds. To disable this feature, use with --now parameter in manual.`);
    await createLinuxHost().clock.sleep(seconds * MILLISECONDS, this.signal);
  }

  async #format(section: FormatSection, options: FormatOptions, config: ConfigFile): Promise<number> {
    await using client = new SlapClient({
      masterUrl: section.master_url,
      keyFile: section.key_file,
      certFile: section.cert_file,
      masterCaFile: section.master_ca_file,
      insecure: config.value('slapos', 'master_insecure') === 'true',
      logger: this.logger,
    });
    const computer = client.registerComputer(section.computer_id);
    await using host = createLinuxHost({ logger: this.logger, environment: process.env });
    const managers =
      options.dryRun || section.manager_list.trim() === ''
        ? undefined
        : await loadNodeManagers(config, options.instanceRoot, undefined, { host, logger: this.logger });
    const result = await formatComputer(options, {
      host,
      logger: this.logger,
      managers,
      slaposVersion: this.config.version,
      // Where the network is not ours to alter, the machine may well have no way to the Internet to ask.
      publicIpv4Address: section.alter_network ? () => findPublicIpv4Address(this.signal) : undefined,
      send: async (document) => {
        this.logger.info(`Posting information to '${section.master_url}'`);
        await computer.updateConfiguration(document);
      },
    });
    if (options.dryRun) {
      for (const action of result.actions) this.log(renderFormatAction(action, section.master_url));
      return EXIT_CODES.OK;
    }
    if (!result.sent) {
      this.logger.error(`failed to transfer information to '${section.master_url}'`, { error: result.sendFailure });
      return EXIT_CODES.NOT_POSTED;
    }
    this.logger.info('slapos successfully prepared the computer.');
    return EXIT_CODES.OK;
  }
}

/** An empty or absent mandatory key has the reference's sentence. */
function withMandatory(merged: MergedSection): MergedSection {
  const missing = MANDATORY.find((key) => !merged.values[key]);
  if (missing === undefined) return merged;
  throw new CliError('CLI_CONFIGURATION', `Parameter '${missing}' is not defined.`, { hint: 'For help use --help' });
}

function refuseDeprecated({ values }: MergedSection): void {
  const deprecated = DEPRECATED_FORMAT_KEYS.find((key) => values[key] !== undefined);
  if (deprecated === undefined) return;
  throw new CliError(
    'CLI_CONFIGURATION',
    `Option '${deprecated}' is totally deprecated, please update your config file`,
    {
      hint: 'Remove it; the interface is named by interface_name.',
    },
  );
}

async function readOptions(
  section: FormatSection,
  extra: { dryRun: boolean; renumber: boolean },
): Promise<FormatOptions> {
  const definitionFile = section.input_definition_file;
  const definition =
    definitionFile === undefined
      ? undefined
      : readMachineDefinition(await loadRawSections(definitionFile), section.partition_amount);
  return formatOptionsFromSection(section, { definition, ...extra });
}
