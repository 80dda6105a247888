import { randomInt } from 'node:crypto';
import { Flags } from '@oclif/core';
import {
  type FormatAction,
  formatComputer,
  type FormatOptions,
  type FormatResult,
  type FormatSection,
} from '@slapos/format';
import { createLinuxHost } from '@slapos/host';
import { SlapClient } from '@slapos/slap';
import { checkRoot } from '../../base/root-check.js';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import type { ConfigFile } from '../../config/config-file.js';
import { readBoolean } from '../../config/read-boolean.js';
import { unreadKeyWarnings } from '../../config/unknown-keys.js';
import { progressFlag } from '../../console/progress.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { type FormatWatching, watchedFormat } from '../../node/watched-format.js';
import { checkPrograms } from '../../node/format-programs.js';
import { FORMAT_SECTIONS, readFormatRequest } from '../../node/format-request.js';
import { loadNodeManagers } from '../../node/node-managers.js';
import { flagsAsKeys } from '../../node/pass-flags.js';
import { findPublicIpv4Address } from '../../node/public-address.js';
import { renderFormatAction, summarizeFormat } from '../../node/render-format-action.js';
import { passOutputFlags } from '../../pass-outputs/pass-output-flags.js';
import { sendDocument } from '../../node/send-document.js';

const LONGEST_DELAY_SECONDS = 3600;
const MILLISECONDS = 1000;
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
    progress: progressFlag,
    events: passOutputFlags.events,
    'dry-run': Flags.boolean({ char: 'n', description: 'say what would be done, and do nothing' }),
    console: Flags.string({ char: 'c', description: 'obsolete, ignored', hidden: true }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeFormat);
    const config = await this.loadConfig('node', flags.cfg);
    const { now, renumber, console: _obsolete, progress, events, ...keys } = flags;
    checkRoot(config, FORMAT_SECTIONS);
    const { section, options } = await readFormatRequest(config, flagsAsKeys(keys), {
      dryRun: flags['dry-run'],
      renumber,
    });
    if (section.log_file !== undefined) this.logger.openFile(section.log_file);
    if (!options.dryRun) await checkPrograms(section);
    if (!now && !flags['dry-run']) await this.#delay();
    return this.#format(section, options, config, { progress, events });
  }

  async #delay(): Promise<void> {
    const seconds = randomInt(LONGEST_DELAY_SECONDS + 1);
    this.logger.info(`Sleeping for ${seconds} seconds. To disable this feature, use with --now parameter in manual.`);
    await createLinuxHost().clock.sleep(seconds * MILLISECONDS, this.signal);
  }

  async #format(
    section: FormatSection,
    options: FormatOptions,
    config: ConfigFile,
    watching: FormatWatching,
  ): Promise<number> {
    await using client = new SlapClient({
      masterUrl: section.master_url,
      keyFile: section.key_file,
      certFile: section.cert_file,
      masterCaFile: section.master_ca_file,
      insecure: readBoolean(config, 'slapos', 'master_insecure') ?? false,
      logger: this.logger,
    });
    const computer = client.registerComputer(section.computer_id);
    await using host = createLinuxHost({ logger: this.logger, environment: process.env });
    const managers =
      options.dryRun || section.manager_list.trim() === ''
        ? undefined
        : await loadNodeManagers(config, options.instanceRoot, undefined, { host, logger: this.logger });
    const run = (onDone?: (action: FormatAction) => void): Promise<FormatResult> =>
      formatComputer(options, {
        host,
        onDone,
        logger: this.logger,
        // Those that have nothing to do here need not be waited for.
        managers: managers?.has('format', 'formatTearDown') === true ? managers : undefined,
        slaposVersion: this.config.version,
        // Where the network is not ours to alter, the machine may well have no way to the Internet to ask.
        publicIpv4Address: section.alter_network ? () => findPublicIpv4Address(this.signal) : undefined,
        send: async (document) => {
          this.logger.info(`Posting information to '${section.master_url}'`);
          await sendDocument(computer, document);
        },
      });
    const watched = { host, client, logger: this.logger, configWarnings: unreadKeyWarnings(config, this.id ?? '') };
    const formatting = options.dryRun ? run() : watchedFormat(run, options, { ...watching, ...watched });
    const result = await formatting.catch((error: unknown) => {
      this.logger.error('slapos failed to prepare the computer.');
      throw error;
    });
    if (options.dryRun) {
      for (const action of result.actions) this.log(renderFormatAction(action, section.master_url));
      return EXIT_CODES.OK;
    }
    this.logger.info(summarizeFormat(result));
    if (!result.sent) {
      this.logger.error(`failed to transfer information to '${section.master_url}'`, { error: result.sendFailure });
      return EXIT_CODES.NOT_POSTED;
    }
    this.logger.info('slapos successfully prepared the computer.');
    return EXIT_CODES.OK;
  }
}
