import { createHash } from 'node:crypto';
import path from 'node:path';
import { Args, Flags } from '@oclif/core';
import type { SlapClient } from '@slapos/slap';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { configPath, loadConfigFile } from '../config/config-file.js';
import { canAsk, confirm } from '../console/prompt.js';
import { CliError } from '../errors.js';
import { bytesText } from '../metering/figures.js';
import { folderSizes } from '../node/folder-sizes.js';
import { openClient } from '../client/session.js';
import { EXIT_CODES } from '../exit-codes.js';

/** `slapos remove` (spec: cli §4.3). */
export default class Remove extends SlaposCommand {
  static override summary = 'remove a Software from a node';
  static override examples = ['slapos remove https://example.org/software.cfg COMP-1234'];
  static override args = {
    software_url: Args.string({ required: true, description: 'URL of the Software Release' }),
    node: Args.string({ required: true, description: 'reference of the computer' }),
  };
  static override flags = {
    cfg: configFlag,
    yes: Flags.boolean({ description: 'do not ask; where there is no terminal, nobody is asked anyway' }),
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Remove);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger);
    if (!flags.yes && canAsk()) await this.#confirm(client, args.software_url, args.node);
    this.logger.info(`Requesting deletion of ${args.software_url} Software Release...`);
    await client
      .registerSupply()
      .supply(
        { softwareReleaseUrl: args.software_url, computerId: args.node, state: 'destroyed' },
        { signal: this.signal },
      );
    this.logger.info('Done.');
    return EXIT_CODES.OK;
  }
  /** Says what goes away, and asks (spec: ux-ideas §22). */
  async #confirm(client: SlapClient, softwareUrl: string, computerId: string): Promise<void> {
    this.logger.info(`This removes ${softwareUrl} from ${computerId}${await this.#sizeHere(softwareUrl, computerId)}.`);
    const titles = await usersOf(client, softwareUrl, this.signal);
    if (titles.length > 0)
      this.logger.warn(`Your instances of it cannot be processed without it: ${titles.join(', ')}.`);
    const question = 'Go on? [y/N] ';
    if (await confirm({ question, otherwise: 'With --yes it is not asked for.', signal: this.signal })) return;
    throw new CliError('CLI_INPUT', 'Nothing was removed.');
  }

  /** What it takes on this machine, if it is this machine that it goes away from, and we may look. */
  async #sizeHere(softwareUrl: string, computerId: string): Promise<string> {
    const node = await loadConfigFile(configPath('node', undefined, process.env), 'node').catch(() => undefined);
    const root = node?.value('slapos', 'software_root');
    if (!root || node?.value('slapos', 'computer_id') !== computerId) return '';
    const folder = path.join(root, createHash('md5').update(softwareUrl).digest('hex'));
    const size = (await folderSizes([folder], this.logger)).get(folder);
    return size === undefined ? '; it is not built here' : `: ${bytesText(size)} in ${folder}`;
  }
}

/** Titles of one's own instances of a release; nothing where the master lists none. */
async function usersOf(client: SlapClient, softwareUrl: string, signal: AbortSignal): Promise<string[]> {
  const trees = await client.getOpenOrderDict({ signal }).catch(() => ({}));
  signal.throwIfAborted();
  return Object.entries(trees)
    .filter(([, tree]) => (tree as { readonly url_string?: unknown }).url_string === softwareUrl)
    .map(([title]) => title)
    .sort();
}
